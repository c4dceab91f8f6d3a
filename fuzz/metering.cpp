// A module that is metered is a module; without what metering put in, its code is the code that went in.

#include <algorithm>

#include "require.hpp"
#include "wasm/cursor.hpp"
#include "wasm/instruction.hpp"
#include "wasm/metering.hpp"
#include "wasm/module.hpp"

namespace {

using namespace mortise;
using namespace mortise::wasm;

/// What tells two instructions apart, whatever moved.
struct Step {
    Opcode opcode;
    std::uint32_t index, second;
    std::int64_t number;
    friend bool operator==(const Step&, const Step&) = default;
};

std::vector<Step> steps_of(BytesView wasm, const BodyRange& body) {
    Cursor in(wasm, body.code, body.start + body.size - body.code);
    std::vector<Step> steps;
    Instruction instruction{};
    FeatureSet features;
    while (!in.done()) {
        instruction.index = instruction.second = 0;
        instruction.number = 0;
        decode_instruction(in, instruction, features);
        MORTISE_REQUIRE(in.ok());
        steps.push_back({instruction.opcode, instruction.index, instruction.second, instruction.number});
    }
    return steps;
}

/// The steps without charges: `i64.const n; call gas`, and with memory.grow for a call of a function that replaces it.
std::vector<Step> without_gas(const std::vector<Step>& steps, std::uint32_t gas) {
    std::vector<Step> left;
    for (const auto& step : steps) {
        if (step.opcode == op::kCall && step.index == gas) {
            MORTISE_REQUIRE(!left.empty() && left.back().opcode == op::kI64Const);
            left.pop_back();
        } else if (step.opcode == op::kCall && step.index > gas) {
            left.push_back({op::kMemoryGrow, 0, 0, 0});
        } else {
            left.push_back(step);
        }
    }
    return left;
}

/// The steps without checks and with the indices of functions moved back. `counter` is a global of the metering alone.
std::vector<Step> without_checks(const std::vector<Step>& steps, std::uint32_t counter, std::uint32_t check) {
    std::vector<Step> left;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto step = steps[i];
        if (step.opcode == op::kGlobalGet && step.index == counter) {
            // get, const, sub, set; or get, const, lt_s, if, call, end
            MORTISE_REQUIRE(i + 3 < steps.size());
            const bool is_check = steps[i + 2].opcode == op::kI64LtS;
            MORTISE_REQUIRE(is_check ? steps[i + 4].index == check : steps[i + 3].opcode == op::kGlobalSet);
            i += is_check ? 5 : 3;
            continue;
        }
        if (step.opcode == op::kCall || step.opcode == op::kReturnCall || step.opcode == op::kRefFunc) {
            MORTISE_REQUIRE(step.index != check);
            if (step.index > check) --step.index;
        }
        left.push_back(step);
    }
    return left;
}

GasRules rules_from(std::uint8_t choice) {
    GasRules rules;
    rules.prices = PriceTable::uniform((choice & 1) != 0 ? 3 : 0);
    rules.block_constant = (choice & 2) != 0 ? 1106 : 0;
    rules.per_local = (choice & 4) != 0 ? 1 : 0;
    rules.per_target = (choice & 8) != 0 ? 10 : 0;
    if ((choice & 16) != 0) rules.prices = PriceTable::uniform(UINT64_MAX / 3);
    return rules;
}

void check_gas(const ParsedModule& before, BytesView wasm, const GasRules& rules) {
    const GasOptions options{.rules = rules, .counter_export = "gas counter", .start_export = "gas start"};
    const auto metered = add_gas(wasm, options);
    if (!metered) return;
    const auto after = parse_module(*metered, no_load_limits());
    MORTISE_REQUIRE(after.has_value());
    MORTISE_REQUIRE(!after->info.start && after->info.imports.size() == before.info.imports.size());
    MORTISE_REQUIRE(after->bodies.size() > before.bodies.size());
    const auto gas = static_cast<std::uint32_t>(before.info.imported(ExternKind::function) + before.info.functions.size());
    for (std::size_t i = 0; i < before.bodies.size(); ++i) {
        auto original = steps_of(wasm, before.bodies[i]);
        if (rules.per_page != 0)
            for (auto& step : original)
                if (step.opcode == op::kMemoryGrow) step.index = 0;
        MORTISE_REQUIRE(without_gas(steps_of(*metered, after->bodies[i]), gas) == original);
    }
    for (const auto& entry : before.info.exports) MORTISE_REQUIRE(after->info.find_export(entry.name)->index == entry.index);
    MORTISE_REQUIRE(!add_gas(*metered, options));
}

void check_checks(const ParsedModule& before, BytesView wasm, GasRules rules) {
    rules.per_page = 0;  // so that every call in the bodies is the module's own
    const auto metered = add_checks(wasm, {.rules = rules});
    if (!metered) return;
    const auto after = parse_module(*metered, no_load_limits());
    MORTISE_REQUIRE(after.has_value());
    const auto check = before.info.imported(ExternKind::function);
    const auto counter =
        static_cast<std::uint32_t>(before.info.imported(ExternKind::global) + before.info.globals.size());
    MORTISE_REQUIRE(after->info.start.has_value() == before.info.start.has_value());
    MORTISE_REQUIRE(after->bodies.size() == before.bodies.size());
    for (std::size_t i = 0; i < before.bodies.size(); ++i) {
        const auto left = without_checks(steps_of(*metered, after->bodies[i]), counter, check);
        MORTISE_REQUIRE(left == steps_of(wasm, before.bodies[i]));
    }
    for (const auto& entry : before.info.exports) {
        const bool moves = entry.kind == ExternKind::function && entry.index >= check;
        MORTISE_REQUIRE(after->info.find_export(entry.name)->index == entry.index + (moves ? 1 : 0));
    }
}

}  // namespace

/// The first byte chooses the rules, the rest is the module.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto wasm = std::as_bytes(std::span(data + 1, size - 1));
    auto rules = rules_from(data[0]);
    const auto before = parse_module(wasm, no_load_limits());
    if (!before) {
        MORTISE_REQUIRE(!add_gas(wasm, {.rules = rules, .counter_export = "c", .start_export = ""}) && !add_checks(wasm));
        return 0;
    }
    rules.per_page = (data[0] & 32) != 0 ? 7 : 0;
    check_gas(*before, wasm, rules);
    check_checks(*before, wasm, rules);
    return 0;
}
