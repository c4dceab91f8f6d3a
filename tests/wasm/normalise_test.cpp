#include "wasm/normalise.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "module_builder.hpp"
#include "support/matchers.hpp"
#include "wasm/module.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using ::testing::ElementsAre;
using testing::fixture;
using testing::hex;
using ::testing::IsEmpty;
using testing::join;
using testing::ModuleBuilder;
using testing::name;
using ::testing::Pair;
using ::testing::SizeIs;

Result<Normalised> normalised(BytesView wasm, const NormaliseOptions& options = {}) {
    return normalise(value(read_module(wasm)), wasm, options);
}

TEST(Normalise, Module_that_needs_nothing_is_not_copied) {
    const auto wasm = ModuleBuilder().no_type().section(SectionId::import, {hex("01 61 01 62 00 00")}).build();
    const auto result = value(normalised(wasm));
    EXPECT_FALSE(result.changed);
    EXPECT_FALSE(result.had_start);
    EXPECT_THAT(result.wasm, IsEmpty());
    EXPECT_THAT(result.import_names, ElementsAre(Pair("a", "b")));
}

TEST(Normalise, Start_section_becomes_the_last_export) {
    const auto wasm = fixture("everything.wasm");
    const auto result = value(normalised(wasm));
    EXPECT_TRUE(result.changed);
    EXPECT_TRUE(result.had_start);
    const auto info = value(read_module(result.wasm));
    EXPECT_FALSE(info.start);
    EXPECT_EQ(info.exports.back().name, kStartExport);
    EXPECT_EQ(info.exports.back().kind, ExternKind::function);
    EXPECT_EQ(info.exports.back().index, 2u);
    EXPECT_EQ(info.name, "everything");
}

TEST(Normalise, Everything_else_stays_byte_for_byte) {
    const auto wasm = fixture("everything.wasm");
    const auto result = value(normalised(wasm));
    const auto before = value(read_sections(wasm)), after = value(read_sections(result.wasm));
    auto next = after.begin();
    for (const auto& section : before) {
        if (section.id == SectionId::start) continue;
        ASSERT_NE(next, after.end());
        EXPECT_EQ(next->id, section.id);
        if (section.id != SectionId::export_) {
            EXPECT_EQ(copy_bytes(BytesView(result.wasm).subspan(next->start, next->end() - next->start)),
                      copy_bytes(BytesView(wasm).subspan(section.start, section.end() - section.start)))
                << to_string(section.id);
        }
        ++next;
    }
    EXPECT_EQ(next, after.end());
}

TEST(Normalise, Export_section_is_made_at_its_place_if_there_is_none) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .functions(1)
                          .section(SectionId::global, {hex("7f 00 41 00 0b")})
                          .custom("between", {})
                          .raw(SectionId::start, hex("00"))
                          .code({hex("00 0b")})
                          .build();
    const auto result = value(normalised(wasm));
    std::vector<SectionId> order;
    for (const auto& section : value(read_sections(result.wasm))) order.push_back(section.id);
    EXPECT_THAT(order, ElementsAre(SectionId::type, SectionId::function, SectionId::global, SectionId::custom,
                                   SectionId::export_, SectionId::code));
    EXPECT_THAT(read_module(result.wasm), IsOk());
}

TEST(Normalise, Imported_start_function_is_exported_too) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .section(SectionId::import, {hex("01 61 01 62 00 00")})
                          .raw(SectionId::start, hex("00"))
                          .build();
    EXPECT_EQ(value(read_module(value(normalised(wasm)).wasm)).find_export(kStartExport)->index, 0u);
}

TEST(Normalise, Name_of_the_start_export_can_be_chosen) {
    const auto result = value(normalised(fixture("everything.wasm"), {.start_export = "begin here"}));
    EXPECT_NE(value(read_module(result.wasm)).find_export("begin here"), nullptr);
}

/// Two functions, of which the first is the start section's; the reserved name is exported as `exported`.
Bytes with_reserved_export(std::string_view exported) {
    return ModuleBuilder()
        .no_type()
        .functions(2)
        .section(SectionId::export_, {join({name(kStartExport), hex(exported)})})
        .raw(SectionId::start, hex("00"))
        .code({hex("00 0b"), hex("00 0b")})
        .build();
}

TEST(Normalise, Reserved_export_beside_a_start_section_is_refused) {
    EXPECT_THAT(normalised(with_reserved_export("00 01")), FailsWith(ErrorCode::unsupported, std::string("\"mortise:start\"")));
}

TEST(Normalise, Start_function_exported_already_only_loses_its_section) {
    const auto info = value(read_module(value(normalised(with_reserved_export("00 00"))).wasm));
    EXPECT_EQ(info.start, std::nullopt);
    EXPECT_EQ(info.exports.size(), 1u);
}

TEST(Normalise, Normalised_module_needs_nothing_more) {
    const auto once = value(normalised(fixture("everything.wasm")));
    EXPECT_FALSE(value(normalised(once.wasm)).changed);
}

TEST(Normalise, Repeated_imports_get_names_of_their_own) {
    const auto wasm = ModuleBuilder()
                          .section(SectionId::type, {hex("60 00 00"), hex("60 01 7f 00")})
                          .section(SectionId::import,
                                   {
                                       join({name("m"), name("f"), hex("00 00")}),
                                       join({name("m"), name("f"), hex("00 01")}),
                                       join({name("m"), name("f#2"), hex("00 00")}),
                                       join({name("m"), name("f"), hex("01 63 70 01 01 02")}),
                                       join({name("m"), name("f"), hex("02 05 01 80 80 04")}),
                                       join({name("m"), name("f"), hex("03 64 00 01")}),
                                       join({name("m"), name("f"), hex("04 00 00")}),
                                       join({name("n"), name("f"), hex("00 00")}),
                                       join({name("m"), name("f"), hex("00 00")}),
                                   })
                          .build();
    const auto result = value(normalised(wasm));
    EXPECT_TRUE(result.changed);
    EXPECT_THAT(result.import_names,
                ElementsAre(Pair("m", "f"), Pair("m", "f#3"), Pair("m", "f#2"), Pair("m", "f#4"), Pair("m", "f#5"),
                            Pair("m", "f#6"), Pair("m", "f#7"), Pair("n", "f"), Pair("m", "f#8")));
    const auto before = value(read_module(wasm)), after = value(read_module(result.wasm));
    ASSERT_THAT(after.imports, SizeIs(before.imports.size()));
    for (std::size_t i = 0; i < after.imports.size(); ++i) {
        EXPECT_EQ(after.imports[i].module, result.import_names[i].first);
        EXPECT_EQ(after.imports[i].name, result.import_names[i].second);
        EXPECT_EQ(after.imports[i].kind, before.imports[i].kind);
        EXPECT_EQ(after.imports[i].function, before.imports[i].function);
        EXPECT_EQ(after.imports[i].memory.maximum, before.imports[i].memory.maximum);
    }
}

TEST(Normalise, Repeated_imports_stay_if_asked) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .section(SectionId::import, {hex("01 61 01 62 00 00"), hex("01 61 01 62 00 00")})
                          .build();
    EXPECT_FALSE(value(normalised(wasm, {.rename_duplicate_imports = false})).changed);
    EXPECT_TRUE(value(normalised(wasm)).changed);
}

TEST(Normalise, Thousands_of_repeated_imports_that_take_the_new_names_are_quick) {
    std::vector<Bytes> imports;
    for (int i = 0; i < 5000; ++i) {
        imports.push_back(join({name("m"), name("f"), hex("00 00")}));
        imports.push_back(join({name("m"), name("f#" + std::to_string(i)), hex("00 00")}));
    }
    const auto wasm = ModuleBuilder().no_type().section(SectionId::import, imports).build();
    const auto result = value(normalised(wasm));
    const std::set<std::pair<std::string, std::string>> names(result.import_names.begin(), result.import_names.end());
    EXPECT_THAT(names, SizeIs(10'000));
}

}  // namespace
}  // namespace mortise::wasm
