#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"
#include "wasm/instruction.hpp"
#include "wasm/metering.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using ::testing::ElementsAre;
using testing::fixture;
using testing::hex;
using testing::join;
using testing::ModuleBuilder;
using testing::name;
using testing::sized;
using ::testing::SizeIs;

constexpr auto kFailed = ErrorCode::instrumentation_failed;

Bytes body_of(BytesView wasm, std::size_t body) {
    const auto module = value(parse_module(wasm));
    const auto& range = module.bodies.at(body);
    return copy_bytes(wasm.subspan(range.start, range.size));
}

Bytes content_of(BytesView wasm, SectionId id) {
    const auto module = value(parse_module(wasm));
    const auto* section = module.find(id);
    return section == nullptr ? Bytes{} : copy_bytes(wasm.subspan(section->content, section->size));
}

/// One function, one global, no imports; the check is function 0, the counter global 1.
Bytes checked_body(const char* body, const CheckOptions& options = {}) {
    return body_of(value(add_checks(testing::module_of_body(hex(body)), options)), 0);
}

constexpr const char* kCheck = "23 01 42 00 53 04 40 10 00 0b";  // if counter < 0 then check()

Bytes charge(const char* price) { return join({hex("23 01 42"), hex(price), hex("7d 24 01")}); }

TEST(Checks, Function_pays_and_checks_where_it_begins) {
    EXPECT_EQ(checked_body("00 01 01 0b"), join({hex("00"), charge("02"), hex(kCheck), hex("01 01 0b")}));
}

TEST(Checks, Function_that_costs_nothing_checks_all_the_same) {
    EXPECT_EQ(checked_body("00 0b"), join({hex("00"), hex(kCheck), hex("0b")}));
}

TEST(Checks, Loop_pays_and_checks_at_its_head) {
    EXPECT_EQ(checked_body("00 03 40 0c 00 0b 0b"), join({hex("00"), charge("01"), hex(kCheck), hex("03 40"),
                                                          charge("01"), hex(kCheck), hex("0c 00 0b 0b")}));
}

TEST(Checks, Branches_pay_without_a_check) {
    EXPECT_EQ(checked_body("00 41 00 04 40 01 05 01 0b 0b"),
              join({hex("00"), charge("02"), hex(kCheck), hex("41 00 04 40"), charge("01"), hex("01 05"), charge("01"),
                    hex("01 0b 0b")}));
}

TEST(Checks, Functions_move_up_by_one_in_code) {
    // call 0, return_call 0, ref.func 0 become 1; indices of types, tables and globals stay.
    EXPECT_EQ(checked_body("00 10 00 d2 00 1a 41 00 11 00 00 23 00 1a 12 00 0b"),
              join({hex("00"), charge("08"), hex(kCheck), hex("10 01 d2 01 1a 41 00 11 00 00 23 00 1a 12 01 0b")}));
}

TEST(Checks, Imported_functions_do_not_move) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .section(SectionId::import, {join({name("a"), name("b"), hex("00 00")})})
                          .functions(1)
                          .code({hex("00 10 00 10 01 0b")})
                          .build();
    const auto metered = value(add_checks(wasm));
    const auto body = body_of(metered, 0);
    EXPECT_EQ(BytesView(body).last(5).size(), 5u);
    EXPECT_EQ(copy_bytes(BytesView(body).last(5)), hex("10 00 10 02 0b"));
    const auto info = value(read_module(metered));
    ASSERT_THAT(info.imports, SizeIs(2));
    EXPECT_EQ(info.imports[1].module, "mortise");
    EXPECT_EQ(info.imports[1].name, "check");
    EXPECT_EQ(info.imports[1].function, FunctionType{});
}

TEST(Checks, Everything_outside_of_code_moves_too) {
    const auto wasm = fixture("metering.wasm");
    const auto metered = value(add_checks(wasm));
    const auto before = value(read_module(wasm)), after = value(read_module(metered));
    EXPECT_EQ(after.start, *before.start + 1);
    EXPECT_EQ(after.find_export("a")->index, 2u);
    EXPECT_EQ(after.find_export("b")->index, 3u);
    EXPECT_EQ(after.find_export("c")->index, 4u);
    EXPECT_EQ(after.find_export("f")->index, 0u);  // imported
    EXPECT_EQ(after.find_export("memory")->index, 0u);
    EXPECT_EQ(after.find_export("mortise:counter")->index, 3u);
    // Functions a = 1, b = 2 become 2, 3; f = 0 stays. All eight forms of segments, as the text has them.
    EXPECT_EQ(content_of(metered, SectionId::element), hex("08"
                                                           "00 41 00 0b 02 02 03"
                                                           "01 00 02 02 00"
                                                           "02 01 41 01 0b 00 01 03"
                                                           "03 00 01 02"
                                                           "04 41 02 0b 03 d2 00 0b d0 70 0b d2 03 0b"
                                                           "05 70 02 d2 02 0b d0 70 0b"
                                                           "06 01 41 03 0b 70 02 d2 02 0b d0 70 0b"
                                                           "07 70 02 d2 03 0b d0 70 0b"));
    EXPECT_EQ(content_of(metered, SectionId::global), hex("03 7f 01 41 05 0b 70 00 d2 03 0b 7e 01 42 00 0b"));
}

TEST(Checks, Initialiser_of_a_table_moves_too) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .functions(1)
                          .section(SectionId::table, {hex("40 00 70 00 01 d2 00 0b"), hex("70 00 02")})
                          .code({hex("00 0b")})
                          .build();
    EXPECT_EQ(content_of(value(add_checks(wasm)), SectionId::table), hex("02 40 00 70 00 01 d2 01 0b 70 00 02"));
}

TEST(Checks, Padded_indices_outside_of_code_are_read_whole) {
    const auto wasm =
        ModuleBuilder()
            .no_type()
            .functions(1)
            .section(SectionId::element, {hex("01 00 02 80 80 00 00"), hex("05 70 01 d2 80 80 80 80 00 0b")})
            .code({hex("00 0b")})
            .build();
    EXPECT_EQ(content_of(value(add_checks(wasm)), SectionId::element), hex("02 01 00 02 01 01 05 70 01 d2 01 0b"));
}

TEST(Checks, Names_of_functions_locals_and_labels_move_too) {
    const auto map = [](const char* entries) { return sized(hex(entries)); };
    const auto names = join({hex("00"), map("01 6d"),                       // module m
                             hex("01"), map("02 00 01 61 01 01 62"),        // functions a, b
                             hex("02"), map("01 01 02 00 01 78 01 01 79"),  // locals x, y of 1
                             hex("03"), map("01 00 01 00 01 6c"),           // label l of 0
                             hex("07"), map("01 00 01 67")});               // global g
    const auto wasm =
        ModuleBuilder().no_type().functions(2).code({hex("00 0b"), hex("00 0b")}).custom("name", names).build();
    const auto metered = value(add_checks(wasm));
    const auto info = value(read_module(metered));
    ASSERT_THAT(info.custom_sections, SizeIs(1));
    const auto& section = info.custom_sections[0];
    EXPECT_EQ(
        copy_bytes(BytesView(metered).subspan(section.offset, section.size)),
        join({hex("00"), map("01 6d"), hex("01"), map("02 01 01 61 02 01 62"), hex("02"),
              map("01 02 02 00 01 78 01 01 79"), hex("03"), map("01 01 01 00 01 6c"), hex("07"), map("01 00 01 67")}));
    EXPECT_EQ(FunctionNames(info, metered).function_name(2), "b");
}

TEST(Checks, Damaged_names_are_left_out) {
    for (const auto* names : {"01 05 01 00 01", "01 02 05 00", "02 04 01 00 05 00", "01", "01 06 01 00 01 61 00 00"}) {
        const auto wasm = ModuleBuilder()
                              .no_type()
                              .functions(1)
                              .code({hex("00 0b")})
                              .custom("first", {})
                              .custom("name", hex(names))
                              .custom("last", {})
                              .build();
        const auto info = value(read_module(value(add_checks(wasm))));
        std::vector<std::string> left;
        for (const auto& section : info.custom_sections) left.push_back(section.name);
        EXPECT_THAT(left, ElementsAre("first", "last")) << names;
    }
}

TEST(Checks, Two_name_sections_both_move) {
    const auto names = join({hex("01"), sized(hex("01 00 01 61"))});
    const auto wasm =
        ModuleBuilder().custom("name", names).no_type().functions(1).code({hex("00 0b")}).custom("name", names).build();
    EXPECT_THAT(value(read_module(value(add_checks(wasm)))).custom_sections, SizeIs(2));
}

TEST(Checks, Growth_is_paid_before_it_is_checked_and_done) {
    CheckOptions options;
    options.rules.per_page = 3;
    const auto metered = value(add_checks(testing::module_of_body(hex("00 41 01 40 00 1a 0b")), options));
    ASSERT_THAT(value(parse_module(metered)).bodies, SizeIs(2));
    // counter -= min(pages, 2^30) * 3; check; memory.grow
    EXPECT_EQ(body_of(metered, 1),
              join({hex("00 23 01 20 00 ad 42 80 80 80 80 04 20 00 ad 42 80 80 80 80 04 54 1b 42 03 7e 7d 24 01"),
                    hex(kCheck), hex("20 00 40 00 0b")}));
    EXPECT_EQ(to_string(*value(read_module(metered)).function_type(2)), "(i32) -> i32");
}

TEST(Checks, Names_can_be_chosen) {
    CheckOptions options;
    options.counter_export = "left";
    options.check_module = "host";
    options.check_name = "tick";
    const auto info = value(read_module(value(add_checks(testing::module_of_body(hex("00 0b")), options))));
    EXPECT_NE(info.find_export("left"), nullptr);
    EXPECT_EQ(info.imports.at(0).module, "host");
    EXPECT_EQ(info.imports.at(0).name, "tick");
}

TEST(Checks, Names_that_the_module_has_itself_fail) {
    const auto exported = ModuleBuilder()
                              .section(SectionId::memory, {hex("00 01")})
                              .section(SectionId::export_, {join({name("mortise:counter"), hex("02 00")})})
                              .build();
    EXPECT_THAT(add_checks(exported), FailsWith(kFailed, std::string("\"mortise:counter\"")));
    const auto imported = ModuleBuilder()
                              .no_type()
                              .section(SectionId::import, {join({name("mortise"), name("check"), hex("00 00")})})
                              .build();
    EXPECT_THAT(add_checks(imported), FailsWith(kFailed, std::string("imports the check")));
}

TEST(Checks, Module_without_any_section_gets_those_it_needs) {
    const auto metered = add_checks(ModuleBuilder().build());
    ASSERT_THAT(metered, IsOk());
    const auto info = value(read_module(*metered));
    EXPECT_THAT(info.imports, SizeIs(1));
    EXPECT_THAT(info.functions, SizeIs(0));
    EXPECT_THAT(info.globals, SizeIs(1));
}

TEST(Checks, Prices_that_could_wrap_the_signed_counter_fail) {
    CheckOptions options;
    options.rules.prices = PriceTable::uniform(INT64_MAX / 2);
    EXPECT_THAT(add_checks(testing::module_of_body(hex("00 01 0b")), options), IsOk());
    EXPECT_THAT(add_checks(testing::module_of_body(hex("00 01 01 0b")), options),
                FailsWith(kFailed, std::string("beyond 64 bits")));
}

TEST(Checks, Newest_instructions_are_metered) {
    for (const auto* file : {"metering.wasm", "everything.wasm"})
        EXPECT_THAT(add_checks(fixture(file)), IsOk()) << file;
    const auto metered = add_checks(testing::module_of_body(hex("00 1f 40 01 02 00 0a 0b d0 70 d5 00 1a fb 1c 1a 0b")));
    EXPECT_THAT(metered, IsOk());
}

}  // namespace
}  // namespace mortise::wasm
