#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::fixture;
using testing::hex;
using ::testing::IsEmpty;
using testing::join;
using testing::ModuleBuilder;
using testing::name;
using ::testing::Not;
using testing::repeat;
using ::testing::SizeIs;
using testing::vec;

TEST(ReadModule, Everything_about_a_module_is_told) {
    const auto wasm = fixture("everything.wasm");
    const auto read = read_module(wasm);
    ASSERT_THAT(read, IsOk());
    const auto& info = *read;
    EXPECT_EQ(to_string(info.types.at(0)), "(i32 i64) -> f64");
    ASSERT_THAT(info.imports, SizeIs(4));
    EXPECT_EQ(info.imports[0].module, "env");
    EXPECT_EQ(info.imports[0].name, "f");
    EXPECT_EQ(info.imports[0].function, info.types[0]);
    EXPECT_EQ(info.imports[1].kind, ExternKind::memory);
    EXPECT_EQ(info.imports[1].memory.minimum, 1u);
    EXPECT_EQ(info.imports[1].memory.maximum, 16u);
    EXPECT_EQ(info.imports[2].kind, ExternKind::table);
    EXPECT_EQ(info.imports[2].table.element, ValType::externref);
    EXPECT_EQ(info.imports[2].table.size.maximum, std::nullopt);
    EXPECT_EQ(info.imports[3].kind, ExternKind::global);
    EXPECT_TRUE(info.imports[3].global.is_mutable);
    EXPECT_EQ(info.imports[3].global.type, ValType::i64);
    EXPECT_THAT(info.functions, SizeIs(2));
    EXPECT_THAT(info.tables, SizeIs(1));
    EXPECT_THAT(info.globals, SizeIs(1));
    EXPECT_FALSE(info.globals[0].is_mutable);
    EXPECT_EQ(info.start, 2u);
    EXPECT_EQ(info.name, "everything");
    EXPECT_EQ(info.data_bytes, 5u);
    EXPECT_GT(info.code_bytes, 4u);
    EXPECT_THAT(info.features, ElementsAre(Feature::mutable_globals, Feature::bulk_memory, Feature::reference_types));
    EXPECT_TRUE(info.imports_from("env"));
    EXPECT_FALSE(info.imports_from("wasi"));
    EXPECT_EQ(info.minimum_memory_bytes(), 65536u);
}

TEST(ReadModule, Exports_are_found_by_name_with_their_type) {
    const auto info = value(read_module(fixture("everything.wasm")));
    ASSERT_NE(info.find_export("add"), nullptr);
    EXPECT_EQ(info.find_export("add")->index, 1u);
    ASSERT_NE(info.exported_function("add"), nullptr);
    EXPECT_EQ(to_string(*info.exported_function("add")), "(i32 i32) -> i32");
    EXPECT_EQ(info.exported_function("memory"), nullptr);
    EXPECT_EQ(info.exported_function("missing"), nullptr);
    EXPECT_EQ(info.find_export("memory")->kind, ExternKind::memory);
    EXPECT_EQ(info.function_type(99), nullptr);
    EXPECT_EQ(*info.function_type(0), info.imports[0].function);
    EXPECT_EQ(info.imported(ExternKind::function), 1u);
    EXPECT_EQ(info.imported(ExternKind::tag), 0u);
}

TEST(ReadModule, Offsets_for_rewriters_point_at_the_parts) {
    const auto wasm = fixture("everything.wasm");
    const auto parsed = value(parse_module(wasm));
    ASSERT_THAT(parsed.bodies, SizeIs(2));
    const auto* code = parsed.find(SectionId::code);
    ASSERT_NE(code, nullptr);
    EXPECT_GE(parsed.bodies[0].start, code->content);
    EXPECT_EQ(parsed.bodies[1].start + parsed.bodies[1].size, code->end());
    EXPECT_EQ(wasm[parsed.bodies[1].start + parsed.bodies[1].size - 1], std::byte{0x0B});
    EXPECT_EQ(parsed.find(SectionId::tag), nullptr);
    const auto sections = value(read_sections(wasm));
    ASSERT_EQ(sections.size(), parsed.sections.size());
    for (std::size_t i = 0; i < sections.size(); ++i) {
        EXPECT_EQ(sections[i].id, parsed.sections[i].id);
        EXPECT_EQ(sections[i].content, parsed.sections[i].content);
        EXPECT_EQ(sections[i].end(), parsed.sections[i].end());
    }
    EXPECT_EQ(sections.back().end(), wasm.size());
}

TEST(ReadModule, Function_names_come_from_the_name_section) {
    const auto wasm = fixture("everything.wasm");
    const auto info = value(read_module(wasm));
    const FunctionNames names(info, wasm);
    EXPECT_EQ(names.function_name(0), "f");
    EXPECT_EQ(names.function_name(1), "add");
    EXPECT_EQ(names.function_name(2), "begin");
    EXPECT_EQ(names.function_name(3), "");
    EXPECT_EQ(FunctionNames().function_name(0), "");
}

TEST(ReadModule, Empty_module_is_a_module) {
    const auto info = read_module(hex("00 61 73 6d 01 00 00 00"));
    ASSERT_THAT(info, IsOk());
    EXPECT_THAT(info->features, IsEmpty());
}

struct BadModule {
    const char* name;
    Bytes wasm;
    ErrorCode code;
    const char* says;
};

class BadBinary : public ::testing::TestWithParam<BadModule> {};

TEST_P(BadBinary, Module_is_refused_saying_why) {
    const auto& c = GetParam();
    EXPECT_THAT(read_module(c.wasm), FailsWith(c.code, std::string(c.says)));
}

constexpr auto kMalformed = ErrorCode::malformed_module;

INSTANTIATE_TEST_SUITE_P(
    Header, BadBinary,
    ::testing::Values(BadModule{"empty", {}, kMalformed, "not a WebAssembly module (no \\0asm magic)"},
                      BadModule{"text_format", copy_bytes("(module)"), kMalformed, "not a WebAssembly module"},
                      BadModule{"something_else",
                                copy_bytes("\x7F"
                                           "ELF"),
                                kMalformed, "not a WebAssembly module"},
                      BadModule{"half_a_magic", hex("00 61 73"), kMalformed, "unexpected end (at offset 0x3)"},
                      BadModule{"no_version", hex("00 61 73 6d 01 00"), kMalformed, "unexpected end"},
                      BadModule{"version_2", hex("00 61 73 6d 02 00 00 00"), kMalformed, "unknown binary version 2"},
                      BadModule{"component", hex("00 61 73 6d 0d 00 01 00"), ErrorCode::unsupported, "component"}),
    [](const auto& row) { return std::string(row.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Sections, BadBinary,
    ::testing::Values(
        BadModule{"unknown_section", ModuleBuilder().raw(SectionId{14}, {}).build(), kMalformed, "unknown section 14"},
        BadModule{"twice", ModuleBuilder().no_type().no_type().build(), kMalformed,
                  "type section twice or out of order"},
        BadModule{"out_of_order", ModuleBuilder().section(SectionId::memory, {hex("00 01")}).no_type().build(),
                  kMalformed, "type section twice or out of order"},
        BadModule{"tag_after_global",
                  ModuleBuilder().no_type().section(SectionId::global, {}).section(SectionId::tag, {}).build(),
                  kMalformed, "tag section twice or out of order"},
        BadModule{"data_count_after_code",
                  ModuleBuilder().raw(SectionId::code, hex("00")).raw(SectionId::data_count, hex("00")).build(),
                  kMalformed, "data count section twice or out of order"},
        BadModule{"longer_than_the_rest", join({hex("00 61 73 6d 01 00 00 00 01 05 00")}), kMalformed,
                  "size of 5 bytes where 1"},
        BadModule{"bytes_left_over", ModuleBuilder().raw(SectionId::type, hex("00 00")).build(), kMalformed,
                  "1 bytes too many in the type section"},
        BadModule{"content_too_short", ModuleBuilder().raw(SectionId::type, hex("02 60 00 00")).build(), kMalformed,
                  "unexpected end"},
        BadModule{"count_beyond_the_section", ModuleBuilder().raw(SectionId::type, hex("ff 01 60 00 00")).build(),
                  kMalformed, "count of 255 types where 3 bytes are left"},
        BadModule{"custom_without_a_name", ModuleBuilder().raw(SectionId::custom, {}).build(), kMalformed,
                  "unexpected end"},
        BadModule{"custom_name_too_long", ModuleBuilder().raw(SectionId::custom, hex("05 61")).build(), kMalformed,
                  "unexpected end"},
        BadModule{"custom_name_not_utf8", ModuleBuilder().raw(SectionId::custom, hex("01 ff")).build(), kMalformed,
                  "not UTF-8"},
        BadModule{"size_of_six_bytes", hex("00 61 73 6d 01 00 00 00 01 80 80 80 80 80 00"), kMalformed,
                  "number of too many bytes"}),
    [](const auto& row) { return std::string(row.param.name); });

ModuleBuilder with_type() { return ModuleBuilder().no_type(); }
Bytes import_of(const char* type) { return join({name("m"), name("n"), hex(type)}); }
Bytes export_of(const char* kind_and_index) { return join({name("e"), hex(kind_and_index)}); }

INSTANTIATE_TEST_SUITE_P(
    Contents, BadBinary,
    ::testing::Values(
        BadModule{"form_of_type", ModuleBuilder().section(SectionId::type, {hex("40 00 00")}).build(), kMalformed,
                  "unknown form of type 0x40"},
        BadModule{"value_type", ModuleBuilder().section(SectionId::type, {hex("60 01 7a 00")}).build(), kMalformed,
                  "unknown value type 0x7a"},
        BadModule{"import_of_no_type", ModuleBuilder().section(SectionId::import, {import_of("00 00")}).build(),
                  kMalformed, "no type 0, there are 0"},
        BadModule{"import_kind", with_type().section(SectionId::import, {import_of("05 00")}).build(), kMalformed,
                  "unknown kind of import 5"},
        BadModule{"import_name_not_utf8", with_type().section(SectionId::import, {hex("01 ff 01 61 00 00")}).build(),
                  kMalformed, "not UTF-8"},
        BadModule{"import_of_a_struct",
                  ModuleBuilder()
                      .section(SectionId::type, {hex("5f 00")})
                      .section(SectionId::import, {import_of("00 00")})
                      .build(),
                  kMalformed, "type 0 is not that of a function"},
        BadModule{"function_of_no_type",
                  with_type().section(SectionId::function, {hex("01")}).code({hex("00 0b")}).build(), kMalformed,
                  "no type 1"},
        BadModule{"functions_without_code", with_type().functions(1).build(), kMalformed, "1 functions, but 0 bodies"},
        BadModule{"code_without_functions", with_type().code({hex("00 0b")}).build(), kMalformed,
                  "0 functions, but 1 bodies"},
        BadModule{"more_functions_than_code", with_type().functions(2).code({hex("00 0b")}).build(), kMalformed,
                  "2 functions, but 1 bodies"},
        BadModule{"table_of_numbers", ModuleBuilder().section(SectionId::table, {hex("7f 00 01")}).build(), kMalformed,
                  "a reference type is expected"},
        BadModule{"memory_flags", ModuleBuilder().section(SectionId::memory, {hex("08 01")}).build(), kMalformed,
                  "unknown flags"},
        BadModule{"memory_of_65537_pages", ModuleBuilder().section(SectionId::memory, {hex("00 81 80 04")}).build(),
                  kMalformed, "beyond 65536"},
        BadModule{"memory_upside_down", ModuleBuilder().section(SectionId::memory, {hex("01 02 01")}).build(),
                  kMalformed, "maximum of a memory or table below its minimum"},
        BadModule{"shared_without_maximum", ModuleBuilder().section(SectionId::memory, {hex("02 01")}).build(),
                  kMalformed, "shared memory without a maximum"},
        BadModule{"global_mutability", ModuleBuilder().section(SectionId::global, {hex("7f 02 41 00 0b")}).build(),
                  kMalformed, "invalid mutability"},
        BadModule{"global_calls", ModuleBuilder().section(SectionId::global, {hex("7f 00 10 00 0b")}).build(),
                  kMalformed, "call in a constant expression"},
        BadModule{"global_without_end", ModuleBuilder().section(SectionId::global, {hex("7f 00 41 00")}).build(),
                  kMalformed, "unexpected end"},
        BadModule{"global_of_itself", ModuleBuilder().section(SectionId::global, {hex("7f 00 23 00 0b")}).build(),
                  kMalformed, "no global 0"},
        BadModule{"tag_attribute", with_type().section(SectionId::tag, {hex("01 00")}).build(), kMalformed,
                  "unknown attribute of a tag"},
        BadModule{"export_of_no_function", with_type().section(SectionId::export_, {export_of("00 00")}).build(),
                  kMalformed, "no function 0, there are 0"},
        BadModule{"export_of_no_memory", with_type().section(SectionId::export_, {export_of("02 00")}).build(),
                  kMalformed, "no memory 0"},
        BadModule{"export_of_no_tag", with_type().section(SectionId::export_, {export_of("04 00")}).build(), kMalformed,
                  "no tag 0"},
        BadModule{"export_kind", with_type().section(SectionId::export_, {export_of("05 00")}).build(), kMalformed,
                  "unknown kind of export 5"},
        BadModule{"start_of_nothing", with_type().raw(SectionId::start, hex("00")).build(), kMalformed,
                  "no function 0"},
        BadModule{"start_with_a_parameter",
                  ModuleBuilder()
                      .section(SectionId::type, {hex("60 01 7f 00")})
                      .functions(1)
                      .raw(SectionId::start, hex("00"))
                      .code({hex("00 0b")})
                      .build(),
                  kMalformed, "start function 0 has parameters or results"},
        BadModule{"data_count_alone", ModuleBuilder().raw(SectionId::data_count, hex("01")).build(), kMalformed,
                  "the data count is 1, but there are 0"},
        BadModule{
            "data_count_differs",
            ModuleBuilder().raw(SectionId::data_count, hex("02")).section(SectionId::data, {hex("01 00")}).build(),
            kMalformed, "the data count is 2, but there are 1"},
        BadModule{"data_without_memory", ModuleBuilder().section(SectionId::data, {hex("00 41 00 0b 00")}).build(),
                  kMalformed, "no memory 0"},
        BadModule{"data_form", ModuleBuilder().section(SectionId::data, {hex("03 00")}).build(), kMalformed,
                  "unknown form of data segment 3"},
        BadModule{"data_beyond_the_section", ModuleBuilder().section(SectionId::data, {hex("01 05 00")}).build(),
                  kMalformed, "unexpected end"},
        BadModule{"element_form", ModuleBuilder().section(SectionId::element, {hex("08")}).build(), kMalformed,
                  "unknown form of element segment 8"},
        BadModule{"element_without_table", ModuleBuilder().section(SectionId::element, {hex("00 41 00 0b 00")}).build(),
                  kMalformed, "no table 0"},
        BadModule{"element_of_no_function", ModuleBuilder().section(SectionId::element, {hex("01 00 01 00")}).build(),
                  kMalformed, "no function 0"},
        BadModule{"element_kind", ModuleBuilder().section(SectionId::element, {hex("01 01 00")}).build(), kMalformed,
                  "unknown kind of element segment"},
        BadModule{"elements_beyond_the_bytes",
                  ModuleBuilder().section(SectionId::element, {hex("05 70 90 4e")}).build(), kMalformed,
                  "unexpected end"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ReadModule, Duplicate_export_is_refused_by_name) {
    const auto wasm =
        with_type()
            .functions(1)
            .section(SectionId::export_, {join({name("a"), hex("00 00")}), join({name("b\n"), hex("00 00")}),
                                          join({name("b\n"), hex("00 00")})})
            .code({hex("00 0b")})
            .build();
    EXPECT_THAT(read_module(wasm), FailsWith(kMalformed, std::string("duplicate export \"b\\x0a\" (at offset 0x1e)")));
}

struct FeatureCase {
    const char* name;
    Bytes wasm;
    std::vector<Feature> features;
};

class ModuleFeature : public ::testing::TestWithParam<FeatureCase> {};

TEST_P(ModuleFeature, Feature_is_noted) {
    const auto info = read_module(GetParam().wasm);
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(info->features, GetParam().features);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ModuleFeature,
    ::testing::Values(
        FeatureCase{"none", with_type().section(SectionId::table, {hex("70 00 01")}).build(), {}},
        FeatureCase{"two_results",
                    ModuleBuilder().section(SectionId::type, {hex("60 00 02 7f 7f")}).build(),
                    {Feature::multi_value}},
        FeatureCase{"externref_parameter",
                    ModuleBuilder().section(SectionId::type, {hex("60 01 6f 00")}).build(),
                    {Feature::reference_types}},
        FeatureCase{"long_funcref",
                    ModuleBuilder().section(SectionId::type, {hex("60 01 63 70 00")}).build(),
                    {Feature::reference_types, Feature::function_references}},
        FeatureCase{"typed_reference",
                    ModuleBuilder().section(SectionId::type, {hex("60 01 64 00 00")}).build(),
                    {Feature::function_references}},
        FeatureCase{
            "exnref", ModuleBuilder().section(SectionId::type, {hex("60 01 69 00")}).build(), {Feature::exceptions}},
        FeatureCase{
            "struct", ModuleBuilder().section(SectionId::type, {hex("5f 02 7f 00 78 01")}).build(), {Feature::gc}},
        FeatureCase{"array_of_i16", ModuleBuilder().section(SectionId::type, {hex("5e 77 01")}).build(), {Feature::gc}},
        FeatureCase{"recursion_group",
                    ModuleBuilder().section(SectionId::type, {hex("4e 02 60 00 00 50 01 00 60 00 00")}).build(),
                    {Feature::gc}},
        FeatureCase{"two_tables",
                    ModuleBuilder().section(SectionId::table, {hex("70 00 01"), hex("70 00 01")}).build(),
                    {Feature::reference_types}},
        FeatureCase{"table_with_initialiser",
                    ModuleBuilder().section(SectionId::table, {hex("40 00 70 00 01 d0 70 0b")}).build(),
                    {Feature::reference_types, Feature::function_references}},
        FeatureCase{"two_memories",
                    ModuleBuilder().section(SectionId::memory, {hex("00 01"), hex("00 01")}).build(),
                    {Feature::multi_memory}},
        FeatureCase{
            "shared_memory", ModuleBuilder().section(SectionId::memory, {hex("03 01 01")}).build(), {Feature::threads}},
        FeatureCase{
            "memory64",
            ModuleBuilder().section(SectionId::memory, {hex("05 80 80 80 80 80 80 40 80 80 80 80 80 80 40")}).build(),
            {Feature::memory64}},
        FeatureCase{"tag", with_type().section(SectionId::tag, {hex("00 00")}).build(), {Feature::exceptions}},
        FeatureCase{"imported_tag",
                    with_type().section(SectionId::import, {import_of("04 00 00")}).build(),
                    {Feature::exceptions}},
        FeatureCase{"imported_mutable_global",
                    ModuleBuilder().section(SectionId::import, {import_of("03 7f 01")}).build(),
                    {Feature::mutable_globals}},
        FeatureCase{"imported_constant_global",
                    ModuleBuilder().section(SectionId::import, {import_of("03 7f 00")}).build(),
                    {}},
        FeatureCase{"exported_mutable_global",
                    ModuleBuilder()
                        .section(SectionId::global, {hex("7f 01 41 00 0b")})
                        .section(SectionId::export_, {export_of("03 00")})
                        .build(),
                    {Feature::mutable_globals}},
        FeatureCase{
            "hidden_mutable_global", ModuleBuilder().section(SectionId::global, {hex("7f 01 41 00 0b")}).build(), {}},
        FeatureCase{"extended_constant",
                    ModuleBuilder().section(SectionId::global, {hex("7f 00 41 01 41 02 6a 0b")}).build(),
                    {Feature::extended_const}},
        FeatureCase{"global_of_a_defined_one",
                    ModuleBuilder().section(SectionId::global, {hex("7f 00 41 00 0b"), hex("7f 00 23 00 0b")}).build(),
                    {Feature::gc}},
        FeatureCase{
            "passive_data", ModuleBuilder().section(SectionId::data, {hex("01 00")}).build(), {Feature::bulk_memory}},
        FeatureCase{"declared_elements",
                    ModuleBuilder().section(SectionId::element, {hex("03 00 00")}).build(),
                    {Feature::bulk_memory, Feature::reference_types}},
        FeatureCase{"sign_extension",
                    testing::module_of_body(hex("00 c0 0b")),
                    {Feature::sign_extension, Feature::bulk_memory}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ReadModule, Minimum_of_all_memories_saturates) {
    const auto info =
        value(read_module(ModuleBuilder().section(SectionId::memory, {hex("00 02"), hex("00 03")}).build()));
    EXPECT_EQ(info.minimum_memory_bytes(), 5u * 65536);
    const auto huge = hex("04 80 80 80 80 80 80 40");  // 2^48 pages: 2^64 bytes
    EXPECT_EQ(value(read_module(ModuleBuilder().section(SectionId::memory, {huge}).build())).minimum_memory_bytes(),
              UINT64_MAX);
}

TEST(CustomSections, Garbage_in_hints_fails_nothing) {
    const char* garbage[] = {"",
                             "ff",
                             "01",
                             "01 ff",
                             "01 05 01",
                             "00 02 05 61",
                             "01 04 ff ff ff ff",
                             "01 03 01 00 ff",
                             "00 03 02 c3 28 01 00",
                             "07 80 80 80 80 80 80"};
    for (const auto* bytes : garbage) {
        for (const auto* section : {"name", "producers"}) {
            const auto wasm = ModuleBuilder().custom(section, hex(bytes)).build();
            const auto info = read_module(wasm);
            ASSERT_THAT(info, IsOk()) << section << " " << bytes;
            EXPECT_EQ(FunctionNames(*info, wasm).size(), 0u);
            EXPECT_EQ(info->name, "");
            EXPECT_THAT(info->producers, IsEmpty());
            EXPECT_THAT(info->custom_sections, SizeIs(1));
        }
    }
}

TEST(CustomSections, Producers_are_told_up_to_the_damage) {
    const auto field = join({name("language"), hex("01"), name("Rust"), name("")});
    const auto wasm = ModuleBuilder().custom("producers", join({hex("03"), field, field, hex("ff")})).build();
    EXPECT_THAT(value(read_module(wasm)).producers, ElementsAre("language: Rust", "language: Rust"));
}

TEST(CustomSections, Producers_cost_no_more_than_they_are_worth) {
    const auto empty = repeat(10'000, hex("00 00"));
    const auto wasm = ModuleBuilder().custom("producers", join({hex("01 00 90 4e"), empty})).build();
    EXPECT_THAT(value(read_module(wasm)).producers, SizeIs(100));
}

TEST(CustomSections, Names_are_kept_up_to_the_damage) {
    const auto map = [](const char* entries) { return join({hex("01"), testing::sized(hex(entries))}); };
    const auto names_of = [&](const char* entries) {
        const auto wasm = with_type()
                              .functions(3)
                              .code({hex("00 0b"), hex("00 0b"), hex("00 0b")})
                              .custom("name", map(entries))
                              .build();
        return FunctionNames(value(read_module(wasm)), wasm);
    };
    EXPECT_EQ(names_of("03 00 01 61 01 01 62 02 01 63").size(), 3u);
    EXPECT_EQ(names_of("03 00 01 61 01 01 62").size(), 2u);           // cut
    EXPECT_EQ(names_of("03 00 01 61 00 01 62 02 01 63").size(), 1u);  // not ascending
    EXPECT_EQ(names_of("02 00 01 61 03 01 62").size(), 1u);           // no such function
    EXPECT_EQ(names_of("01 02 01 63").function_name(2), "c");
}

TEST(CustomSections, Custom_sections_stand_anywhere_and_are_located) {
    const auto wasm = ModuleBuilder().custom("first", hex("01 02 03")).no_type().custom("last", {}).build();
    const auto info = value(read_module(wasm));
    ASSERT_THAT(info.custom_sections, SizeIs(2));
    EXPECT_EQ(info.custom_sections[0].name, "first");
    EXPECT_EQ(info.custom_sections[0].size, 3u);
    EXPECT_EQ(wasm[info.custom_sections[0].offset], std::byte{1});
    EXPECT_EQ(info.custom_sections[1].size, 0u);
}

}  // namespace
}  // namespace mortise::wasm
