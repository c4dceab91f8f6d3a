#include <ctime>
#include <functional>

#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using testing::hex;
using testing::join;
using testing::leb;
using testing::ModuleBuilder;
using testing::name;
using testing::repeat;

std::vector<Bytes> many(std::size_t count, const Bytes& entry) { return std::vector<Bytes>(count, entry); }

Bytes with_exports(std::size_t count) {
    Writer exports;
    exports.u64(count);
    for (std::size_t i = 0; i < count; ++i) {
        exports.name(std::to_string(i));
        exports.u8(0);
        exports.u32(0);
    }
    return ModuleBuilder().no_type().functions(1).raw(SectionId::export_, exports.view()).code({hex("00 0b")}).build();
}

/// A body with as many locals in two runs.
Bytes body_with_locals(std::uint64_t count) { return join({hex("02"), leb(count - 1), hex("7f 01 7e 0b")}); }

Bytes br_table_of(std::uint64_t targets) {
    return join({hex("00 41 00 0e"), leb(targets), repeat(targets + 1, hex("00")), hex("0b")});
}

struct LimitCase {
    const char* name;
    const char* says;  ///< what the message calls it
    std::function<Bytes(std::size_t)> module_with;
    std::function<void(LoadLimits&, std::uint32_t)> set;
};

void PrintTo(const LimitCase& c, std::ostream* out) { *out << c.name; }

class Limit : public ::testing::TestWithParam<LimitCase> {};

TEST_P(Limit, Module_at_the_limit_passes_and_one_beyond_is_unsupported) {
    const auto& c = GetParam();
    constexpr std::uint32_t kLimit = 37;
    LoadLimits limits;
    c.set(limits, kLimit);
    EXPECT_THAT(read_module(c.module_with(kLimit), limits), IsOk());
    const auto beyond = read_module(c.module_with(kLimit + 1), limits);
    EXPECT_THAT(beyond, FailsWith(ErrorCode::unsupported, std::string("has 38 ") + c.says));
    EXPECT_THAT(beyond, FailsWith(ErrorCode::unsupported, std::string("the limit of 37")));
}

const LimitCase kLimits[] = {
    {"types", "types",
     [](std::size_t n) { return ModuleBuilder().section(SectionId::type, many(n, hex("60 00 00"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.types = n; }},
    {"types_of_groups", "types",
     [](std::size_t n) {
         auto groups = many(n - 2, hex("60 00 00"));
         groups.push_back(hex("4e 02 60 00 00 60 00 00"));
         return ModuleBuilder().section(SectionId::type, groups).build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.types = n; }},
    {"functions", "functions",
     [](std::size_t n) { return ModuleBuilder().no_type().functions(n).code(many(n, hex("00 0b"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.functions = n; }},
    {"imports", "imports",
     [](std::size_t n) {
         return ModuleBuilder().no_type().section(SectionId::import, many(n, hex("01 61 01 62 00 00"))).build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.imports = n; }},
    {"exports", "exports", with_exports, [](LoadLimits& l, std::uint32_t n) { l.exports = n; }},
    {"globals", "globals",
     [](std::size_t n) { return ModuleBuilder().section(SectionId::global, many(n, hex("7f 00 41 00 0b"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.globals = n; }},
    {"globals_with_imported_ones", "globals",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::import, many(2, hex("01 61 01 62 03 7f 00")))
             .section(SectionId::global, many(n - 2, hex("7f 00 41 00 0b")))
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.globals = n; }},
    {"data_segments", "data segments",
     [](std::size_t n) { return ModuleBuilder().section(SectionId::data, many(n, hex("01 00"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.data_segments = n; }},
    {"data_count", "data segments",
     [](std::size_t n) {
         return ModuleBuilder()
             .raw(SectionId::data_count, leb(n))
             .section(SectionId::data, many(n, hex("01 00")))
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.data_segments = n; }},
    {"element_segments", "element segments",
     [](std::size_t n) { return ModuleBuilder().section(SectionId::element, many(n, hex("01 00 00"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.element_segments = n; }},
    {"data_bytes", "bytes of data",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::data, {hex("01 01 00"), join({hex("01"), leb(n - 1), repeat(n - 1, hex("00"))})})
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.data_bytes = n; }},
    {"table_entries", "entries in element segments",
     [](std::size_t n) {
         return ModuleBuilder()
             .no_type()
             .functions(1)
             .section(SectionId::element,
                      {hex("01 00 01 00"), join({hex("01 00"), leb(n - 1), repeat(n - 1, hex("00"))})})
             .code({hex("00 0b")})
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.table_entries = n; }},
    {"body_bytes", "bytes in one function",
     [](std::size_t n) { return testing::module_of_body(join({hex("00"), repeat(n - 2, hex("01")), hex("0b")})); },
     [](LoadLimits& l, std::uint32_t n) { l.body_bytes = n; }},
    {"locals", "locals in one function", [](std::size_t n) { return testing::module_of_body(body_with_locals(n)); },
     [](LoadLimits& l, std::uint32_t n) { l.locals = n; }},
    {"parameters", "parameters of a type",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::type, {join({hex("60"), leb(n), repeat(n, hex("7f")), hex("00")})})
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.parameters = n; }},
    {"results", "results of a type",
     [](std::size_t n) {
         return ModuleBuilder().section(SectionId::type, {join({hex("60 00"), leb(n), repeat(n, hex("7f"))})}).build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.parameters = n; }},
    {"br_table_targets", "targets in one br_table",
     [](std::size_t n) { return testing::module_of_body(br_table_of(n)); },
     [](LoadLimits& l, std::uint32_t n) { l.br_table_targets = n; }},
    {"import_name", "bytes in the name of an import or export",
     [](std::size_t n) {
         return ModuleBuilder()
             .no_type()
             .section(SectionId::import, {join({name("a"), name(std::string(n, 'x')), hex("00 00")})})
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.name_bytes = n; }},
    {"export_name", "bytes in the name of an import or export",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::memory, {hex("00 01")})
             .section(SectionId::export_, {join({name(std::string(n, 'x')), hex("02 00")})})
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.name_bytes = n; }},
    {"tables", "tables",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::import, {hex("01 61 01 62 01 70 00 01")})
             .section(SectionId::table, many(n - 1, hex("70 00 01")))
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.tables = n; }},
    {"imported_tables", "tables",
     [](std::size_t n) {
         return ModuleBuilder().section(SectionId::import, many(n, hex("01 61 01 62 01 70 00 01"))).build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.tables = n; }},
    {"memories", "memories",
     [](std::size_t n) {
         return ModuleBuilder()
             .section(SectionId::import, {hex("01 61 01 62 02 00 01")})
             .section(SectionId::memory, many(n - 1, hex("00 01")))
             .build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.memories = n; }},
    {"tags", "tags",
     [](std::size_t n) { return ModuleBuilder().no_type().section(SectionId::tag, many(n, hex("00 00"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.tags = n; }},
    {"custom_sections", "custom sections",
     [](std::size_t n) {
         ModuleBuilder builder;
         for (std::size_t i = 0; i < n; ++i) builder.custom("x", {});
         return builder.build();
     },
     [](LoadLimits& l, std::uint32_t n) { l.custom_sections = n; }},
    {"module_bytes", "bytes",
     [](std::size_t n) { return ModuleBuilder().custom("x", repeat(n - 12, hex("00"))).build(); },
     [](LoadLimits& l, std::uint32_t n) { l.module_bytes = n; }},
};

INSTANTIATE_TEST_SUITE_P(All, Limit, ::testing::ValuesIn(kLimits),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(DefaultLimits, Giant_br_table_is_refused) {
    EXPECT_THAT(read_module(testing::module_of_body(br_table_of(100'000))), IsOk());
    EXPECT_THAT(read_module(testing::module_of_body(br_table_of(100'001))),
                FailsWith(ErrorCode::unsupported, std::string("100001 targets in one br_table")));
}

TEST(DefaultLimits, Fifty_thousand_locals_are_refused) {
    // Already at the first of the two runs, which has all but one.
    EXPECT_THAT(read_module(testing::module_of_body(body_with_locals(50'000))),
                FailsWith(ErrorCode::unsupported, std::string("49999 locals in one function")));
}

TEST(DefaultLimits, Sum_of_locals_does_not_wrap) {
    const auto body = join({hex("03 ff ff ff ff 0f 7f ff ff ff ff 0f 7f 02 7f 0b")});  // 2^33 in all
    LoadLimits limits;
    limits.locals = UINT32_MAX;
    EXPECT_THAT(read_module(testing::module_of_body(body), limits),
                FailsWith(ErrorCode::unsupported, std::string("8589934590 locals")));
}

TEST(DefaultLimits, A_million_exports_are_refused_or_read_in_little_time) {
    const auto wasm = with_exports(1'000'000);
    const auto begin = std::clock();  // of this process alone: the machine may be busy
    EXPECT_THAT(read_module(wasm), FailsWith(ErrorCode::unsupported, std::string("1000000 exports")));
    LoadLimits limits;
    limits.exports = 1'000'000;
    EXPECT_THAT(read_module(wasm, limits), IsOk());
    EXPECT_LT(std::clock() - begin, 20 * CLOCKS_PER_SEC);  // quadratic would be hours
}

TEST(DefaultLimits, Hundred_megabytes_of_data_are_refused_with_little_memory) {
    const auto wasm =
        ModuleBuilder()
            .section(SectionId::data, {join({hex("01"), leb(100'000'000), repeat(100'000'000, hex("00"))})})
            .build();
    const auto peak_kilobytes = [] {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        return usage.ru_maxrss;
    };
    const auto before = peak_kilobytes();
    const auto begin = std::clock();  // of this process alone: the machine may be busy
    EXPECT_THAT(read_module(wasm), FailsWith(ErrorCode::unsupported, std::string("100000000 bytes of data")));
    EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);
    EXPECT_LT(peak_kilobytes() - before, 1024);
}

TEST(DefaultLimits, Counts_beyond_the_bytes_reserve_nothing) {
    // Each claims four thousand million entries.
    for (const auto id : {SectionId::type, SectionId::import, SectionId::function, SectionId::table, SectionId::memory,
                          SectionId::global, SectionId::export_, SectionId::element, SectionId::code, SectionId::data,
                          SectionId::tag}) {
        const auto wasm = ModuleBuilder().raw(id, hex("ff ff ff ff 0f 00")).build();
        EXPECT_THAT(parse_module(wasm, no_load_limits()), FailsWith(ErrorCode::malformed_module)) << to_string(id);
        EXPECT_FALSE(read_module(wasm)) << to_string(id);
    }
}

TEST(DefaultLimits, Largest_module_of_small_things_costs_a_bounded_multiple) {
    // The cheapest entries of each kind, as many as the limits allow: what a hostile module can make the description
    // cost.
    const auto wasm = ModuleBuilder()
                          .section(SectionId::type, many(100'000, hex("60 00 00")))
                          .section(SectionId::import, many(10'000, hex("00 00 00 00")))
                          .functions(200'000)
                          .section(SectionId::global, many(100'000, hex("7f 00 41 00 0b")))
                          .code(many(200'000, hex("00 0b")))
                          .build();
    EXPECT_THAT(read_module(wasm), IsOk());
}

}  // namespace
}  // namespace mortise::wasm
