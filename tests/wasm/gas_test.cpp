#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aspect_rules.hpp"
#include "module_builder.hpp"
#include "support/matchers.hpp"
#include "wasm/instruction.hpp"

namespace mortise::wasm {
namespace {

using mortise::testing::FailsWith;
using mortise::testing::IsOk;
using testing::aspect_options;
using testing::charges;
using ::testing::ElementsAre;
using testing::fixture;
using testing::hex;
using testing::join;
using testing::ModuleBuilder;
using testing::name;
using ::testing::SizeIs;

constexpr auto kFailed = ErrorCode::instrumentation_failed;
constexpr std::int64_t kConstant = 1106;

Bytes plain_module(BytesView body) {
    return ModuleBuilder()
        .no_type()
        .functions(1)
        .section(SectionId::table, {hex("70 00 01")})
        .section(SectionId::memory, {hex("00 01")})
        .section(SectionId::global, {hex("7f 01 41 00 0b")})
        .code({copy_bytes(body)})
        .build();
}

/// What stands before each instruction of the metered bodies, as the reference's listing has it.
std::string listing(BytesView metered, std::size_t bodies, std::uint32_t gas) {
    const auto module = value(parse_module(metered));
    std::string out;
    for (std::size_t i = 0; i < bodies; ++i) {
        const auto& range = module.bodies.at(i);
        Cursor in(metered, range.code, range.start + range.size - range.code);
        out += std::to_string(i) + ":";
        Instruction last, instruction;
        FeatureSet features;
        for (std::size_t number = 0; !in.done() && in.ok(); ++number) {
            decode_instruction(in, instruction, features);
            if (instruction.opcode == op::kCall && instruction.index == gas && last.opcode == op::kI64Const)
                out += " " + std::to_string(last.number) + "@" + std::to_string(number);
            if (instruction.opcode == op::kCall && instruction.index == gas + 1)
                out += " grow@" + std::to_string(number);
            last = instruction;
        }
        out += "\n";
    }
    return out;
}

TEST(Gas, Random_bodies_are_metered_as_by_the_reference) {
    const auto wasm = fixture("random_bodies.wasm");
    auto options = aspect_options();
    const auto metered = add_gas(wasm, options);
    ASSERT_THAT(metered, IsOk());
    const auto wanted = fixture("random_bodies.charges");
    EXPECT_EQ(listing(*metered, 150, 151), text_of(wanted));
}

/// The price of an instruction by its name, written down apart from the table of opcodes.
std::optional<std::int64_t> price_by_name(const std::string& n) {
    const auto has = [&](std::string_view part) { return n.find(part) != std::string::npos; };
    const auto ends = [&](std::string_view part) { return n.ends_with(part); };
    const bool i64 = n.starts_with("i64."), integer = i64 || n.starts_with("i32.");
    if (n == "nop" || n == "unreachable") return 10;
    if (n == "drop") return 100;
    if (n == "select" || n == "call") return 150;
    if (n == "local.get" || n == "local.tee") return 40;
    if (n == "local.set") return 80;
    if (n == "global.get") return 60;
    if (n == "global.set") return 120;
    if (n == "memory.size") return 230;
    if (n == "memory.grow") return 435'000;
    if (n == "call_indirect") return 200;
    if (has(".load")) return 40;
    if (has(".store")) return 80;
    if (ends(".const")) return i64 ? 40 : 10;
    if (has("extend8_s") || has("extend16_s") || has("extend32_s")) return 100;
    if (has("extend_i32") || has("wrap_i64")) return 20;
    if (!integer || has("trunc") || has("reinterpret")) return 500;
    for (const auto* name : {".eqz", ".eq", ".ne", ".lt_", ".gt_", ".le_", ".ge_"})
        if (has(name)) return i64 ? 26 : 13;
    if (ends(".add") || ends(".sub")) return i64 ? 160 : 80;
    if (ends(".clz") || ends(".ctz")) return i64 ? 850 : 470;
    if (ends(".popcnt")) return i64 ? 1080 : 540;
    if (ends(".mul") || has(".div_") || has(".rem_")) return i64 ? 200 : 100;
    if (ends(".and") || ends(".or") || ends(".xor")) return i64 ? 30 : 15;
    if (has(".shl") || has(".shr_") || has(".rot")) return i64 ? 40 : 20;
    return std::nullopt;
}

/// The shortest spelling of an instruction; nothing for control, which is tested apart.
std::optional<Bytes> spelling(Opcode opcode) {
    Writer out;
    out.opcode(opcode);
    switch (opcode_info(opcode).immediates) {
        case Immediates::none: return opcode < 0x10 && opcode > 1 ? std::nullopt : std::optional(out.take());
        case Immediates::index:
        case Immediates::function:
        case Immediates::memory:
        case Immediates::i32:
        case Immediates::i64: return join({out.view(), hex("00")});
        case Immediates::memarg:
        case Immediates::type_table: return join({out.view(), hex("00 00")});
        case Immediates::f32: return join({out.view(), hex("00 00 00 00")});
        case Immediates::f64: return join({out.view(), hex("00 00 00 00 00 00 00 00")});
        default: return std::nullopt;
    }
}

TEST(Gas, Every_plain_instruction_has_the_price_of_the_table) {
    int tested = 0;
    for (Opcode opcode = 0; opcode <= 0xC4; ++opcode) {
        const auto instruction = spelling(opcode);
        if (!instruction || opcode_info(opcode).feature == static_cast<std::uint8_t>(Feature::exceptions) ||
            opcode_info(opcode).feature == static_cast<std::uint8_t>(Feature::tail_calls) ||
            opcode_info(opcode).feature == static_cast<std::uint8_t>(Feature::function_references) ||
            opcode_info(opcode).feature == static_cast<std::uint8_t>(Feature::reference_types))
            continue;
        const auto text = opcode_name(opcode);
        const auto price = price_by_name(text);
        ASSERT_TRUE(price) << text;
        const auto metered = add_gas(plain_module(join({hex("00"), *instruction, hex("0b")})), aspect_options());
        ASSERT_THAT(metered, IsOk()) << text;
        EXPECT_THAT(charges(*metered, 0, 1), ElementsAre(*price + kConstant)) << text;
        ++tested;
    }
    EXPECT_EQ(tested, 168);  // 40 before the comparisons, 128 from there on
}

struct ControlCase {
    const char* name;
    const char* body;
    std::vector<std::int64_t> charged;  ///< without the constant
};

void PrintTo(const ControlCase& c, std::ostream* out) { *out << c.name; }

class Control : public ::testing::TestWithParam<ControlCase> {};

TEST_P(Control, Body_is_charged) {
    const auto metered = add_gas(plain_module(hex(GetParam().body)), aspect_options());
    ASSERT_THAT(metered, IsOk());
    auto wanted = GetParam().charged;
    for (auto& one : wanted) one += kConstant;
    EXPECT_EQ(charges(*metered, 0, 1), wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, Control,
    ::testing::Values(ControlCase{"empty", "00 0b", {}},
                      ControlCase{"block_and_loop", "00 02 40 0b 03 40 0b 0b", {300}},
                      ControlCase{"if_costs_like_br", "00 41 00 04 40 0b 0b", {160}},
                      ControlCase{"br", "00 0c 00 0b", {150}}, ControlCase{"br_if", "00 41 00 0d 00 0b", {160}},
                      ControlCase{"return", "00 0f 0b", {100}},
                      ControlCase{"br_table_of_none", "00 41 00 0e 00 00 0b", {160}},
                      ControlCase{"br_table_of_three", "00 41 00 0e 03 00 00 00 00 0b", {190}},
                      ControlCase{"else_and_end_are_free", "00 41 00 04 40 01 05 01 0b 0b", {160, 10, 10}},
                      ControlCase{"locals_are_free", "01 e8 07 7f 01 0b", {10}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Gas, Declared_locals_cost_what_the_rules_say) {
    auto options = aspect_options();
    options.rules.per_local = 7;
    const auto metered = add_gas(plain_module(hex("02 03 7f 02 7e 01 0b")), options);
    ASSERT_THAT(metered, IsOk());
    EXPECT_THAT(charges(*metered, 0, 1), ElementsAre(10 + 5 * 7 + kConstant));
}

TEST(Gas, Counter_and_functions_come_after_all_others) {
    const auto wasm = fixture("metering.wasm");
    auto options = aspect_options();
    options.rules.prices = PriceTable::uniform(1);
    options.rules.refused.clear();
    const auto metered = value(add_gas(wasm, options));
    const auto before = value(read_module(wasm));
    const auto after = value(parse_module(metered));
    ASSERT_THAT(after.info.globals, SizeIs(before.globals.size() + 1));
    EXPECT_EQ(after.info.globals.back().type, ValType::i64);
    EXPECT_TRUE(after.info.globals.back().is_mutable);
    const auto* counter = after.info.find_export("__gas_counter__");
    ASSERT_NE(counter, nullptr);
    EXPECT_EQ(counter->kind, ExternKind::global);
    EXPECT_EQ(counter->index, 3u);
    ASSERT_THAT(after.bodies, SizeIs(before.functions.size() + 2));  // gas, grow
    EXPECT_EQ(to_string(*after.info.function_type(5)), "(i64) -> ()");
    EXPECT_EQ(to_string(*after.info.function_type(6)), "(i32) -> i32");
    EXPECT_THAT(after.info.imports, SizeIs(before.imports.size()));
    EXPECT_FALSE(after.info.start);
    EXPECT_EQ(after.info.find_export("__aspect_start__")->index, 4u);
    for (const auto& entry : before.exports) EXPECT_EQ(after.info.find_export(entry.name)->index, entry.index);
    const FunctionNames names(after.info, metered);
    EXPECT_EQ(names.function_name(1), "a");
    EXPECT_EQ(names.function_name(4), "begin");
}

TEST(Gas, Sections_that_need_no_change_stay_byte_for_byte) {
    const auto wasm = fixture("metering.wasm");
    auto options = aspect_options();
    options.rules.prices = PriceTable::uniform(1);
    options.rules.refused.clear();
    const auto metered = value(add_gas(wasm, options));
    const auto content = [](BytesView bytes, SectionId id) {
        const auto module = value(parse_module(bytes));
        const auto* section = module.find(id);
        return copy_bytes(bytes.subspan(section->content, section->size));
    };
    for (const auto id : {SectionId::import, SectionId::table, SectionId::memory, SectionId::element, SectionId::data,
                          SectionId::data_count})
        if (value(parse_module(wasm)).find(id) != nullptr) {
            EXPECT_EQ(content(metered, id), content(wasm, id)) << to_string(id);
        }
}

TEST(Gas, Gas_function_is_the_reference_s) {
    const auto metered = value(add_gas(plain_module(hex("00 01 0b")), aspect_options()));
    const auto module = value(parse_module(metered));
    ASSERT_THAT(module.bodies, SizeIs(2));
    const auto& gas = module.bodies[1];
    // global.get 1, local.get 0, i64.ge_u, if, global.get 1, local.get 0, i64.sub, global.set 1, else, i64.const -1,
    // global.set 1, unreachable, end, end
    EXPECT_EQ(copy_bytes(BytesView(metered).subspan(gas.start, gas.size)),
              hex("00 23 01 20 00 5a 04 40 23 01 20 00 7d 24 01 05 42 7f 24 01 00 0b 0b"));
}

TEST(Gas, Memory_grow_calls_a_function_that_pays_by_the_page) {
    const auto metered = value(add_gas(plain_module(hex("00 41 01 40 00 1a 0b")), aspect_options()));
    const auto module = value(parse_module(metered));
    ASSERT_THAT(module.bodies, SizeIs(3));
    const auto& body = module.bodies[0];
    // i64.const 436216, call 1, i32.const 1, call 2, drop, end
    EXPECT_EQ(copy_bytes(BytesView(metered).subspan(body.start, body.size)),
              hex("00 42 f8 cf 1a 10 01 41 01 10 02 1a 0b"));
    const auto& grow = module.bodies[2];
    // local.get 0, i64.extend_i32_u, i64.const 14336000, i64.mul, call 1, local.get 0, memory.grow 0, end
    EXPECT_EQ(copy_bytes(BytesView(metered).subspan(grow.start, grow.size)),
              hex("00 20 00 ad 42 80 80 eb 06 7e 10 01 20 00 40 00 0b"));
}

TEST(Gas, Growth_that_costs_nothing_stays_as_it_is) {
    auto options = aspect_options();
    options.rules.per_page = 0;
    const auto metered = value(add_gas(plain_module(hex("00 41 01 40 00 1a 0b")), options));
    EXPECT_THAT(value(parse_module(metered)).bodies, SizeIs(2));
}

TEST(Gas, Each_grown_memory_has_a_function_of_its_own) {
    const auto wasm = ModuleBuilder()
                          .no_type()
                          .functions(1)
                          .section(SectionId::memory, {hex("00 01"), hex("04 01"), hex("00 01")})
                          .code({hex("00 41 01 40 02 1a 42 01 40 01 1a 41 01 40 02 1a 0b")})
                          .build();
    auto options = aspect_options();
    const auto metered = value(add_gas(wasm, options));
    const auto module = value(parse_module(metered));
    ASSERT_THAT(module.bodies, SizeIs(4));
    EXPECT_EQ(to_string(*module.info.function_type(2)), "(i32) -> i32");
    EXPECT_EQ(to_string(*module.info.function_type(3)), "(i64) -> i64");
}

TEST(Gas, Module_without_any_section_gets_those_it_needs) {
    const auto metered = add_gas(ModuleBuilder().build(), aspect_options());
    ASSERT_THAT(metered, IsOk());
    const auto module = value(parse_module(*metered));
    EXPECT_THAT(module.bodies, SizeIs(1));
    EXPECT_NE(module.info.find_export("__gas_counter__"), nullptr);
    std::vector<SectionId> order;
    for (const auto& section : module.sections) order.push_back(section.id);
    EXPECT_THAT(order, ElementsAre(SectionId::type, SectionId::function, SectionId::global, SectionId::export_,
                                   SectionId::code));
}

TEST(Gas, Start_section_without_an_export_section_becomes_an_export) {
    const auto wasm =
        ModuleBuilder().no_type().functions(1).raw(SectionId::start, hex("00")).code({hex("00 0b")}).build();
    const auto info = value(read_module(value(add_gas(wasm, aspect_options()))));
    EXPECT_FALSE(info.start);
    ASSERT_NE(info.find_export("__aspect_start__"), nullptr);
    EXPECT_EQ(info.find_export("__aspect_start__")->index, 0u);
}

Bytes with_start_and_export(const char* exported) {
    return ModuleBuilder()
        .no_type()
        .functions(2)
        .section(SectionId::global, {hex("7f 00 41 00 0b")})
        .section(SectionId::export_, {join({name("__aspect_start__"), hex(exported)})})
        .raw(SectionId::start, hex("01"))
        .code({hex("00 0b"), hex("00 0b")})
        .build();
}

TEST(Gas, Start_section_that_is_exported_already_is_dropped) {
    const auto info = value(read_module(value(add_gas(with_start_and_export("00 01"), aspect_options()))));
    EXPECT_FALSE(info.start);
    EXPECT_THAT(info.exports, SizeIs(2));
}

TEST(Gas, Start_section_beside_another_export_of_the_name_fails) {
    for (const auto* exported : {"00 00", "03 00"})
        EXPECT_THAT(add_gas(with_start_and_export(exported), aspect_options()),
                    FailsWith(kFailed, std::string("exports something else as \"__aspect_start__\"")));
}

TEST(Gas, Start_section_stays_if_no_name_is_given) {
    auto options = aspect_options();
    options.start_export.clear();
    EXPECT_EQ(value(read_module(value(add_gas(with_start_and_export("00 00"), options)))).start, 1u);
}

TEST(Gas, Metered_module_is_not_metered_again) {
    const auto metered = value(add_gas(plain_module(hex("00 0b")), aspect_options()));
    EXPECT_THAT(add_gas(metered, aspect_options()),
                FailsWith(kFailed, std::string("\"__gas_counter__\": it is metered already")));
}

TEST(Gas, Instruction_without_a_price_is_named) {
    EXPECT_THAT(add_gas(plain_module(hex("00 fc 0b 00 0b")), aspect_options()),
                FailsWith(kFailed, std::string("memory.fill (at offset")));
    EXPECT_THAT(
        add_gas(plain_module(hex("00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b")), aspect_options()),
        FailsWith(kFailed, std::string("simd")));
    EXPECT_THAT(add_gas(plain_module(hex("00 fc 00 0b")), aspect_options()),
                FailsWith(kFailed, std::string("i32.trunc_sat_f32_s")));
    EXPECT_THAT(add_gas(plain_module(hex("00 fe 03 00 0b")), aspect_options()),
                FailsWith(kFailed, std::string("atomic.fence")));
}

TEST(Gas, Feature_without_a_price_is_named) {
    EXPECT_THAT(add_gas(plain_module(hex("00 02 00 0b 0b")), aspect_options()),
                FailsWith(kFailed, std::string("multi_value")));
    EXPECT_THAT(add_gas(ModuleBuilder().section(SectionId::type, {hex("60 00 02 7f 7f")}).build(), aspect_options()),
                FailsWith(kFailed, std::string("multi_value")));
}

TEST(Gas, Instruction_outside_the_table_may_have_a_default_price) {
    auto options = aspect_options();
    options.rules.prices = PriceTable::uniform(9);
    options.rules.prices.set(op::kNop, 1);
    EXPECT_THAT(charges(value(add_gas(plain_module(hex("00 fc 0b 00 01 0b")), options)), 0, 1),
                ElementsAre(10 + kConstant));
}

TEST(Gas, Price_beyond_64_bits_fails) {
    auto options = aspect_options();
    options.rules.prices.set(op::kNop, UINT64_MAX - 2000);
    const auto one = add_gas(plain_module(hex("00 01 0b")), options);
    ASSERT_THAT(one, IsOk());
    EXPECT_THAT(charges(*one, 0, 1), ElementsAre(static_cast<std::int64_t>(UINT64_MAX - 2000 + 1106)));
    EXPECT_THAT(add_gas(plain_module(hex("00 01 01 0b")), options), FailsWith(kFailed, std::string("beyond 64 bits")));
    options.rules.block_constant = 2001;
    EXPECT_THAT(add_gas(plain_module(hex("00 01 0b")), options), FailsWith(kFailed, std::string("beyond 64 bits")));
    options = aspect_options();
    options.rules.per_target = UINT64_MAX;
    EXPECT_THAT(add_gas(plain_module(hex("00 41 00 0e 02 00 00 00 0b")), options), FailsWith(kFailed));
    options.rules.per_local = UINT64_MAX;
    EXPECT_THAT(add_gas(plain_module(hex("01 02 7f 0b")), options), FailsWith(kFailed));
}

TEST(Gas, Sections_that_tell_offsets_in_code_are_left_out) {
    ModuleBuilder builder;
    builder.custom("keep", hex("01"))
        .no_type()
        .functions(1)
        .custom("metadata.code.branch_hint", hex("00"))
        .code({hex("00 01 0b")});
    builder.custom(".debug_info", {}).custom("name", hex("00 02 01 6d")).custom("linking", {}).custom("reloc.CODE", {});
    const auto info = value(read_module(value(add_gas(builder.build(), aspect_options()))));
    std::vector<std::string> left;
    for (const auto& section : info.custom_sections) left.push_back(section.name);
    EXPECT_THAT(left, ElementsAre("keep", "name"));
    EXPECT_EQ(info.name, "m");
}

TEST(Gas, Malformed_module_is_malformed) {
    EXPECT_THAT(add_gas({}, aspect_options()), FailsWith(ErrorCode::malformed_module));
    EXPECT_THAT(add_gas(plain_module(hex("00 0e 01 05 05 0b")), aspect_options()),
                FailsWith(ErrorCode::malformed_module));
}

}  // namespace
}  // namespace mortise::wasm
