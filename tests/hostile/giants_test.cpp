// Modules that are made to stall or burst a compiler. Compiling cannot be interrupted, so our own reader refuses them first: in
// little time, with little memory, in the very words of an inspection, which has no compiler at all.

#include <sys/resource.h>

#include <ctime>

#include "attack.hpp"

namespace mortise::hostile {
namespace {

std::string leb(std::uint64_t number) {
    std::string bytes;
    do {
        const auto low = static_cast<unsigned char>(number & 0x7f);
        number >>= 7;
        bytes += static_cast<char>(number == 0 ? low : low | 0x80);
    } while (number != 0);
    return bytes;
}

std::string of_hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 3) bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    return bytes;
}

std::string many(std::uint64_t count, std::string_view item) {
    std::string bytes = leb(count);
    bytes.reserve(bytes.size() + count * item.size());
    for (std::uint64_t i = 0; i < count; ++i) bytes += item;
    return bytes;
}

std::string section(int id, const std::string& content) { return static_cast<char>(id) + leb(content.size()) + content; }
std::string sized(const std::string& content) { return leb(content.size()) + content; }
const std::string kHeader = std::string("\0asm\1\0\0\0", 8);
const std::string kOneType = section(1, of_hex("01 60 00 00"));

// A module of one function of type () -> (), exported as "f".
std::string of_body(const std::string& body) {
    return kHeader + kOneType + section(3, of_hex("01 00")) + section(7, of_hex("01 01 66 00 00")) + section(10, leb(1) + sized(body));
}

std::string of_exports(std::uint64_t count) {
    std::string exports = leb(count);
    for (std::uint64_t i = 0; i < count; ++i) exports += sized("e" + std::to_string(i)) + std::string("\0\0", 2);
    return kHeader + kOneType + section(3, of_hex("01 00")) + section(7, exports) + section(10, leb(1) + sized(of_hex("00 0b")));
}

struct Giant {
    std::string name;
    std::string (*make)();
    ErrorCode code = ErrorCode::unsupported;
};

const Giant kGiants[] = {
    {"a_br_table_of_a_million_targets", [] { return of_body(of_hex("00 41 00 0e") + many(1'000'000, std::string(1, '\0')) + std::string(1, '\0') + of_hex("0b")); }},
    {"fifty_thousand_locals", [] { return of_body(leb(1) + leb(50'000) + "\x7f" + "\x0b"); }},
    {"locals_that_wrap", [] { return of_body(of_hex("02 ff ff ff ff 0f 7f ff ff ff ff 0f 7e 0b")); }},
    {"fifty_thousand_kinds_of_locals", [] { return of_body(many(50'000, of_hex("01 7f")) + "\x0b"); }},
    {"a_hundred_megabytes_of_data", [] { return kHeader + section(5, of_hex("01 00 01")) +
                                                section(11, leb(1) + of_hex("00 41 00 0b") + sized(std::string(100'000'000, 'x'))); }},
    {"a_million_exports", [] { return of_exports(1'000'000); }},
    {"a_million_functions", [] { return kHeader + kOneType + section(3, many(1'000'000, std::string(1, '\0'))) + section(10, many(1'000'000, of_hex("02 00 0b"))); }},
    {"a_million_types", [] { return kHeader + section(1, many(1'000'000, of_hex("60 00 00"))); }},
    {"a_million_imports", [] { return kHeader + kOneType + section(2, many(1'000'000, of_hex("01 61 01 62 00 00"))); }},
    {"a_million_globals", [] { return kHeader + section(6, many(1'000'000, of_hex("7f 00 41 00 0b"))); }},
    {"a_million_data_segments", [] { return kHeader + section(5, of_hex("01 00 01")) + section(11, many(1'000'000, of_hex("00 41 00 0b 00"))); }},
    {"a_million_element_segments", [] { return kHeader + section(4, of_hex("01 70 00 01")) + section(9, many(1'000'000, of_hex("00 41 00 0b 00"))); }},
    {"two_million_table_entries", [] { return kHeader + kOneType + section(3, of_hex("01 00")) + section(4, of_hex("01 70 00 01")) +
                                              section(9, leb(1) + of_hex("00 41 00 0b") + many(2'000'000, std::string(1, '\0'))) +
                                              section(10, leb(1) + sized(of_hex("00 0b"))); }},
    {"a_body_of_ten_megabytes", [] { return of_body(std::string(1, '\0') + std::string(10'000'000, '\x01') + "\x0b"); }},
    {"two_thousand_parameters", [] { return kHeader + section(1, leb(1) + "\x60" + many(2'000, "\x7f") + std::string(1, '\0')); }},
    {"a_name_of_a_megabyte", [] { return kHeader + kOneType + section(3, of_hex("01 00")) +
                                         section(7, leb(1) + sized(std::string(1'000'000, 'n')) + std::string("\0\0", 2)) + section(10, leb(1) + sized(of_hex("00 0b"))); }},
    {"a_thousand_memories", [] { return kHeader + section(5, many(1'000, of_hex("00 00"))); }},
    {"a_thousand_tables", [] { return kHeader + section(4, many(1'000, of_hex("70 00 00"))); }},
    {"a_hundred_thousand_custom_sections", [] {
         std::string module = kHeader;
         for (int i = 0; i < 100'000; ++i) module += section(0, sized("x"));
         return module;
     }},
    {"more_bytes_than_a_module_may_have", [] { return kHeader + section(0, sized("x") + std::string(std::size_t{130} << 20, 'x')); }},
    {"four_thousand_million_types_in_no_bytes", [] { return kHeader + section(1, of_hex("ff ff ff ff 0f")); }},
    {"a_section_longer_than_the_module", [] { return kHeader + of_hex("01 ff ff ff 7f 00"); }, ErrorCode::malformed_module},
};

double seconds_of_this_process() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(HostileGiants, AreRefusedBeforeACompilerSeesThem) {
    for (const Giant& giant : kGiants) {
        SCOPED_TRACE(giant.name);
        const std::string bytes = giant.make();
        const auto inspected = runtime().inspect(bytes_of(bytes));
        ASSERT_THAT(inspected, testing::FailsWith(giant.code));
        const double begin = seconds_of_this_process();
        const std::uint64_t resident = resident_bytes();
        const auto loaded = runtime().load_bytes(bytes_of(bytes));
        const double took = seconds_of_this_process() - begin;
        ASSERT_THAT(loaded, testing::FailsWith(giant.code));
        EXPECT_EQ(loaded.error().message(), inspected.error().message()) << "somebody else refused it";
#if !defined(MORTISE_SANITIZED)
        // Reading and hashing what there is, at the worst: about a second for a hundred megabytes, compiled without optimisation.
        EXPECT_LT(took, 0.5 + 2e-8 * static_cast<double>(bytes.size()));
        EXPECT_LT(resident_bytes(), resident + (std::uint64_t{16} << 20));
#else
        (void)took;
        (void)resident;
#endif
        expect_neighbour_works();
    }
}

TEST(HostileGiants, AreNothingToTheHostOverAndOver) {
    expect_no_growth([] {
        for (const Giant& giant : kGiants) {
            if (giant.name.find("bytes") != std::string::npos || giant.name.find("data") != std::string::npos) continue;   // slow to make
            EXPECT_FALSE(runtime().load_bytes(bytes_of(giant.make())));
        }
    }, {.warm_up = 1, .counted = 2});
}

// What the limits let through must do no harm either.
TEST(HostileGiants, WithinTheLimits_loadAndRun) {
    const std::string deep = [] {
        std::string body(1, '\0');
        for (int i = 0; i < 20'000; ++i) body += of_hex("02 40");
        return of_body(body + std::string(20'001, '\x0b'));
    }();
    const std::string wide = of_body(of_hex("00 41 00 0e") + many(65'000, std::string(1, '\0')) + std::string(1, '\0') + of_hex("0b"));
    const std::string locals = of_body(leb(1) + leb(20'000) + "\x7f" + "\x0b");
    for (const auto& [name, bytes] : {std::pair{"nested_blocks", &deep}, {"br_table", &wide}, {"locals", &locals}}) {
        SCOPED_TRACE(name);
        PluginOptions options;
        options.limits = tight_limits();
        auto plugin = runtime().load_bytes(bytes_of(*bytes), std::move(options));
        ASSERT_THAT(plugin, testing::IsOk());
        auto instance = plugin->instantiate();
        ASSERT_THAT(instance, testing::IsOk());
        const auto called = instance->call("f");
        EXPECT_TRUE(Ending::either(ErrorCode::stack_overflow).allows(called));
        expect_neighbour_works();
    }
}

TEST(HostileGiants, GarbageInNamesAndCustomSections_isNothingToAnybody) {
    const std::string trap = of_body(of_hex("00 00 0b"));
    const std::vector<std::pair<std::string, std::string>> garbage = {
        {"not_names", sized("name") + "garbage, not subsections"},
        {"a_size_beyond_the_section", sized("name") + of_hex("01 ff ff ff ff 0f 00")},
        {"four_thousand_million_names", sized("name") + of_hex("01 05 ff ff ff ff 0f")},
        {"names_of_functions_that_are_not_there", sized("name") + section(1, leb(2) + leb(77) + sized("x") + leb(0xffffffff) + sized("y"))},
        {"the_same_function_twice", sized("name") + section(1, leb(2) + leb(0) + sized("first") + leb(0) + sized("second"))},
        {"a_name_that_is_not_utf8", sized("name") + section(1, leb(1) + leb(0) + sized("\xff\xfe\x1b[31m"))},
        {"a_name_of_a_megabyte", sized("name") + section(1, leb(1) + leb(0) + sized(std::string(1'000'000, 'n')))},
        {"an_empty_name_section", sized("name")},
        {"producers_that_are_garbage", sized("producers") + of_hex("ff ff ff ff 0f 41 41")},
        {"debugging_information_that_is_garbage", sized(".debug_info") + std::string(10'000, '\xff')},
        {"a_source_map_to_somewhere", sized("sourceMappingURL") + sized("file:///etc/passwd")},
    };
    for (const auto& [name, content] : garbage) {
        SCOPED_TRACE(name);
        for (const bool twice : {false, true}) {
            std::string bytes = trap + section(0, content);
            if (twice) bytes += section(0, content);
            auto plugin = runtime().load_bytes(bytes_of(bytes));
            ASSERT_THAT(plugin, testing::IsOk());
            auto instance = value(plugin->instantiate());
            const auto called = instance.call("f");
            ASSERT_THAT(called, testing::FailsWith(ErrorCode::trap));
            EXPECT_LT(called.error().describe().size(), 2'100'000u);
        }
        expect_neighbour_works();
    }
}

}  // namespace
}  // namespace mortise::hostile
