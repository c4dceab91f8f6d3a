#include <filesystem>
#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"
#include "wasm/metering.hpp"
#include "wasm/normalise.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using testing::fixture;
using testing::shared_file;

/// A copy that ends where its allocation ends, so that a sanitizer sees any read beyond.
class Exact {
public:
    explicit Exact(BytesView bytes) : bytes_(std::make_unique<std::byte[]>(bytes.size())), size_(bytes.size()) {
        std::ranges::copy(bytes, bytes_.get());
    }
    BytesView view() const noexcept { return {bytes_.get(), size_}; }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_;
};

/// Everything that reads a module.
void read_all_ways(BytesView wasm) {
    const auto info = read_module(wasm);
    if (!info) {
        EXPECT_TRUE(info.error().code() == ErrorCode::malformed_module ||
                    info.error().code() == ErrorCode::unsupported);
        return;
    }
    const FunctionNames names(*info, wasm);
    const auto normalised = normalise(*info, wasm);
    if (normalised && normalised->changed) {
        EXPECT_THAT(read_module(normalised->wasm, no_load_limits()), IsOk());
    }
    GasOptions options;
    options.rules.prices = PriceTable::uniform(3);
    options.rules.per_page = 5;
    options.counter_export = "gas counter";
    options.start_export = "gas start";
    for (const auto& metered : {add_gas(wasm, options), add_checks(wasm)}) {
        if (metered) {
            EXPECT_THAT(read_module(*metered, no_load_limits()), IsOk());
        }
    }
}

class RealModule : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        wasm_ = shared_file(std::string("plugins/wapc/") + GetParam());
        if (wasm_.empty()) GTEST_SKIP() << "the real plugins are not beside the checkout";
    }
    Bytes wasm_;
};

TEST_P(RealModule, Whole_module_is_read_and_rewritten) {
    EXPECT_THAT(read_module(wasm_), IsOk());
    read_all_ways(wasm_);
}

TEST_P(RealModule, Module_cut_anywhere_is_malformed_unless_cut_between_sections) {
    const auto sections = value(read_sections(wasm_));
    std::vector<bool> between(wasm_.size() + 1);
    for (const auto& section : sections) between[static_cast<std::size_t>(section.start)] = true;
    // Every byte of the sections before the code and of the end; in the large middle, which is read again for each,
    // steps.
    const auto step = [&](std::size_t size) {
        return size < 2000 || size + 300 > wasm_.size() ? 1 : wasm_.size() / 300;
    };
    for (std::size_t size = 0; size < wasm_.size(); size += step(size)) {
        const Exact cut(BytesView(wasm_).first(size));
        const auto read = read_module(cut.view());
        if (read) {
            EXPECT_TRUE(between[size]) << size;
        } else {
            EXPECT_THAT(read, FailsWith(ErrorCode::malformed_module));
            EXPECT_THAT(read.error().message(), ::testing::HasSubstr(size == 0 ? "no \\0asm magic" : "at offset 0x"))
                << size;
        }
    }
}

TEST_P(RealModule, Mutated_module_harms_nothing) {
    std::mt19937 random(20240607);
    for (int round = 0; round < 300; ++round) {
        auto mutated = wasm_;
        for (unsigned changes = 1 + random() % 8; changes > 0; --changes)
            mutated[random() % mutated.size()] = static_cast<std::byte>(random());
        const Exact exact(mutated);
        read_all_ways(exact.view());
    }
}

INSTANTIATE_TEST_SUITE_P(Wapc, RealModule,
                         ::testing::Values("assemblyscript_hello.wasm", "rust_basic.wasm", "rust_guest_test.wasm",
                                           "tinygo_hello_2020.wasm", "zig_hello.wasm", "zig_hello_2019.wasm"),
                         [](const auto& row) {
                             std::string name = row.param;
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

TEST(FuzzSeeds, Every_seed_is_read_whole_and_cut) {
    std::size_t modules = 0;
    for (const auto& file : std::filesystem::directory_iterator(MORTISE_SOURCE_DIR "/fuzz/corpus/module_reader")) {
        const auto wasm = testing::file_bytes(file.path().string());
        ASSERT_FALSE(wasm.empty()) << file.path();
        const bool component = file.path().filename() == "component";
        EXPECT_EQ(read_module(wasm).has_value(), !component) << file.path();
        read_all_ways(Exact(wasm).view());
        for (std::size_t size = 0; size < wasm.size(); ++size) read_all_ways(Exact(BytesView(wasm).first(size)).view());
        ++modules;
    }
    EXPECT_GT(modules, 20u);
}

TEST(SmallModule, Every_cut_and_every_single_byte_change_harms_nothing) {
    for (const auto* file : {"everything.wasm", "all_instructions.wasm", "metering.wasm"}) {
        const auto wasm = fixture(file);
        for (std::size_t size = 0; size < wasm.size(); ++size) read_all_ways(Exact(BytesView(wasm).first(size)).view());
        for (std::size_t at = 0; at < wasm.size(); ++at) {
            for (const unsigned byte : {0x00u, 0x01u, 0x0Bu, 0x40u, 0x7Fu, 0x80u, 0xFFu}) {
                auto mutated = wasm;
                mutated[at] = static_cast<std::byte>(byte);
                read_all_ways(Exact(mutated).view());
            }
        }
    }
}

}  // namespace
}  // namespace mortise::wasm
