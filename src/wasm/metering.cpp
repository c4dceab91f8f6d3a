#include "wasm/metering.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wasm/body_meter.hpp"
#include "wasm/index_shift.hpp"
#include "wasm/normalise.hpp"

namespace mortise::wasm {
namespace {

constexpr std::uint8_t kI32 = 0x7F, kI64 = 0x7E, kEmptyBlock = 0x40, kFunctionForm = 0x60;

/// The indices of what is added.
struct Added {
    std::uint32_t counter = 0;         ///< global
    std::uint32_t function = 0;        ///< gas, or check
    std::uint32_t first_function = 0;  ///< of those added at the end
    std::uint32_t first_type = 0;
};

/// Writes functions, types and bodies that are added at the end of the module.
class AddedFunctions {
public:
    explicit AddedFunctions(std::uint32_t first_type) : next_type_(first_type) {}

    /// A type of at most one parameter and one result, 0 for none; returns its index.
    std::uint32_t type(std::uint8_t param, std::uint8_t result) {
        types_.u8(kFunctionForm);
        for (const auto one : {param, result}) {
            types_.u8(one == 0 ? 0 : 1);
            if (one != 0) types_.u8(one);
        }
        ++type_count_;
        return next_type_++;
    }

    /// A function without locals; `code` ends with its `end`.
    void function(std::uint32_t type, const Writer& code) {
        functions_.u32(type);
        bodies_.u64(code.size() + 1);
        bodies_.u8(0);
        bodies_.bytes(code.view());
        ++count_;
    }

    /// `metered` are the bodies of the module's own functions.
    void put(Rewriter& rewriter, std::uint64_t own_functions, Writer metered) {
        rewriter.append(SectionId::type, type_count_, types_.view());
        if (count_ != 0) rewriter.append(SectionId::function, count_, functions_.view());
        if (own_functions + count_ == 0) return;
        Writer code;
        code.reserve(metered.size() + bodies_.size() + 10);
        code.u64(own_functions + count_);
        code.bytes(metered.view());
        code.bytes(bodies_.view());
        rewriter.replace(SectionId::code, code.take());
    }

private:
    std::uint32_t next_type_;
    std::uint32_t type_count_ = 0, count_ = 0;
    Writer types_, functions_, bodies_;
};

/// A call of the gas function.
class GasInserter final : public Inserter {
public:
    explicit GasInserter(const Added& added) : added_(added) {}
    void charge(Writer& out, std::uint64_t price) const override {
        out.opcode(op::kI64Const);
        out.s64(static_cast<std::int64_t>(price));
        out.opcode(op::kCall);
        out.u32(added_.function);
    }
    void check(Writer&) const override {}
    bool has_checks() const override { return false; }

private:
    Added added_;
};

/// The counter in the guest's own code.
class CheckInserter final : public Inserter {
public:
    explicit CheckInserter(const Added& added) : added_(added) {}
    void charge(Writer& out, std::uint64_t price) const override {
        out.opcode(op::kGlobalGet);
        out.u32(added_.counter);
        out.opcode(op::kI64Const);
        out.s64(static_cast<std::int64_t>(price));
        out.opcode(op::kI64Sub);
        out.opcode(op::kGlobalSet);
        out.u32(added_.counter);
    }
    void check(Writer& out) const override {
        out.opcode(op::kGlobalGet);
        out.u32(added_.counter);
        out.opcode(op::kI64Const);
        out.s64(0);
        out.opcode(op::kI64LtS);
        out.opcode(op::kIf);
        out.u8(kEmptyBlock);
        out.opcode(op::kCall);
        out.u32(added_.function);
        out.opcode(op::kEnd);
    }
    bool has_checks() const override { return true; }

private:
    Added added_;
};

/// gas(n): if counter >= n then counter -= n else { counter := -1; unreachable }
Writer gas_function(const Added& added) {
    Writer out;
    const auto get_counter_and_n = [&] {
        out.opcode(op::kGlobalGet);
        out.u32(added.counter);
        out.opcode(op::kLocalGet);
        out.u32(0);
    };
    const auto set_counter = [&] {
        out.opcode(op::kGlobalSet);
        out.u32(added.counter);
    };
    get_counter_and_n();
    out.opcode(op::kI64GeU);
    out.opcode(op::kIf);
    out.u8(kEmptyBlock);
    get_counter_and_n();
    out.opcode(op::kI64Sub);
    set_counter();
    out.opcode(op::kElse);
    out.opcode(op::kI64Const);
    out.s64(-1);
    set_counter();
    out.opcode(op::kUnreachable);
    out.opcode(op::kEnd);
    out.opcode(op::kEnd);
    return out;
}

/// Leaves the pages of parameter 0, as an i64 that a price of 32 bits can be multiplied with, on the stack.
void write_pages(Writer& out, bool is64, bool with_checks) {
    // More pages than this no memory grows by; so the product stays below 2^64, or 2^62 where it is compared signed.
    const std::int64_t most = with_checks ? std::int64_t{1} << 30 : UINT32_MAX;
    const auto pages = [&] {
        out.opcode(op::kLocalGet);
        out.u32(0);
        if (!is64) out.opcode(op::kI64ExtendI32U);
    };
    const auto limit = [&] {
        out.opcode(op::kI64Const);
        out.s64(most);
    };
    pages();
    if (!is64 && !with_checks) return;
    limit();
    pages();
    limit();
    out.opcode(op::kI64LtU);
    out.opcode(op::kSelect);
}

/// grow(pages): pays for them, then grows the memory by them.
Writer grow_function(const Added& added, const GasRules& rules, std::uint32_t memory, bool is64,
                     const Inserter& inserter) {
    Writer out;
    if (inserter.has_checks()) {
        out.opcode(op::kGlobalGet);
        out.u32(added.counter);
    }
    write_pages(out, is64, inserter.has_checks());
    out.opcode(op::kI64Const);
    out.s64(rules.per_page);
    out.opcode(op::kI64Mul);
    if (inserter.has_checks()) {
        out.opcode(op::kI64Sub);
        out.opcode(op::kGlobalSet);
        out.u32(added.counter);
        inserter.check(out);
    } else {
        out.opcode(op::kCall);
        out.u32(added.function);
    }
    out.opcode(op::kLocalGet);
    out.u32(0);
    out.opcode(op::kMemoryGrow);
    out.u32(memory);
    out.opcode(op::kEnd);
    return out;
}

bool is_memory64(const ModuleInfo& info, std::uint32_t memory) {
    for (const auto& import : info.imports) {
        if (import.kind != ExternKind::memory) continue;
        if (memory == 0) return import.memory.is64;
        --memory;
    }
    return memory < info.memories.size() && info.memories[memory].is64;
}

void add_counter(Rewriter& rewriter, const Added& added, std::string_view name) {
    Writer global;
    global.u8(kI64);
    global.u8(1);  // mutable
    global.opcode(op::kI64Const);
    global.s64(0);
    global.opcode(op::kEnd);
    rewriter.append(SectionId::global, 1, global.view());
    Writer entry;
    entry.name(name);
    entry.u8(static_cast<std::uint8_t>(ExternKind::global));
    entry.u32(added.counter);
    rewriter.append(SectionId::export_, 1, entry.view());
}

Result<void> check_refused(const ModuleInfo& info, const GasRules& rules, std::string_view counter_export) {
    for (const auto feature : rules.refused)
        if (std::ranges::binary_search(info.features, feature))
            return fail(ErrorCode::instrumentation_failed,
                        base::concat("the module uses ", to_string(feature), ", which has no price"));
    if (info.find_export(counter_export) != nullptr)
        return fail(ErrorCode::instrumentation_failed,
                    base::concat("the module exports ", base::quoted(counter_export), ": it is metered already"));
    return {};
}

/// Meters all bodies, adds the functions that need adding, and puts them into the sections of functions and code.
Result<void> meter_bodies(const ParsedModule& module, BytesView wasm, const GasRules& rules, const Added& added,
                          const CodeChanges& changes, const Inserter& inserter, AddedFunctions& functions,
                          Rewriter& rewriter) {
    BodyMeter meter(wasm, rules, changes, inserter);
    Writer code;
    code.reserve(static_cast<std::size_t>(module.info.code_bytes * 2));
    for (const auto& body : module.bodies)
        if (auto metered = meter.add(body, code); !metered) return metered;
    for (const auto memory : meter.grown_memories()) {
        const bool is64 = is_memory64(module.info, memory);
        const auto type = functions.type(is64 ? kI64 : kI32, is64 ? kI64 : kI32);
        functions.function(type, grow_function(added, rules, memory, is64, inserter));
    }
    functions.put(rewriter, module.bodies.size(), std::move(code));
    remove_code_offsets(module, rewriter);
    return {};
}

Result<Added> indices_of(const ModuleInfo& info, std::uint64_t imports_added) {
    const auto globals = info.imported(ExternKind::global) + info.globals.size();
    const auto functions = info.imported(ExternKind::function) + info.functions.size() + imports_added;
    // What is added must have an index too.
    if (std::max({globals, functions, info.types.size()}) > UINT32_MAX - 1000)
        return fail(ErrorCode::instrumentation_failed, "too many functions, globals or types");
    Added added;
    added.counter = static_cast<std::uint32_t>(globals);
    added.first_function = static_cast<std::uint32_t>(functions);
    added.first_type = static_cast<std::uint32_t>(info.types.size());
    return added;
}

}  // namespace

PriceTable PriceTable::uniform(std::uint64_t price) {
    PriceTable table;
    table.prices_.fill(price);
    return table;
}

void PriceTable::set(Opcode first, Opcode last, std::uint64_t price) noexcept {
    for (auto opcode = first; opcode <= last; ++opcode) prices_[slot(opcode)] = price;
}

std::size_t PriceTable::slot(Opcode opcode) noexcept {
    if (opcode < kGc) return opcode;
    const std::size_t number = opcode & 0xFFFF;
    const auto in = [&](std::size_t first, std::size_t end) { return number < end - first ? first + number : kNone; };
    switch (opcode >> 16) {
        case 0xFB: return in(kGc, kMisc);
        case 0xFC: return in(kMisc, kVector);
        case 0xFD: return in(kVector, kAtomic);
        case 0xFE: return in(kAtomic, kNone);
        default: return kNone;
    }
}

Result<Bytes> add_gas(BytesView wasm, const GasOptions& options) {
    auto module = parse_module(wasm, no_load_limits());
    if (!module) return fail(std::move(module).error());
    const auto& info = module->info;
    if (auto refused = check_refused(info, options.rules, options.counter_export); !refused)
        return fail(refused.error());
    auto added = indices_of(info, 0);
    if (!added) return fail(added.error());
    added->function = added->first_function;

    Rewriter rewriter(wasm, module->sections);
    if (!options.start_export.empty())
        if (auto exported = export_start(info, options.start_export, rewriter); !exported)
            return fail(ErrorCode::instrumentation_failed, exported.error().message());
    add_counter(rewriter, *added, options.counter_export);
    AddedFunctions functions(added->first_type);
    functions.function(functions.type(kI64, 0), gas_function(*added));
    const CodeChanges changes{.replace_grow = options.rules.per_page != 0, .first_grow = added->first_function + 1};
    if (auto metered =
            meter_bodies(*module, wasm, options.rules, *added, changes, GasInserter(*added), functions, rewriter);
        !metered)
        return fail(metered.error());
    return rewriter.finish();
}

Result<Bytes> add_checks(BytesView wasm, const CheckOptions& options) {
    auto module = parse_module(wasm, no_load_limits(), Detail::function_uses);
    if (!module) return fail(std::move(module).error());
    const auto& info = module->info;
    if (auto refused = check_refused(info, options.rules, options.counter_export); !refused)
        return fail(refused.error());
    for (const auto& import : info.imports)
        if (import.module == options.check_module && import.name == options.check_name)
            return fail(ErrorCode::instrumentation_failed, "the module imports the check of metering itself");
    auto added = indices_of(info, 1);
    if (!added) return fail(added.error());
    added->function = info.imported(ExternKind::function);

    Rewriter rewriter(wasm, module->sections);
    shift_functions(*module, wasm, added->function, rewriter);
    add_counter(rewriter, *added, options.counter_export);
    AddedFunctions functions(added->first_type);
    Writer import;
    import.name(options.check_module);
    import.name(options.check_name);
    import.u8(static_cast<std::uint8_t>(ExternKind::function));
    import.u32(functions.type(0, 0));
    rewriter.append(SectionId::import, 1, import.view());
    const CodeChanges changes{.first_shifted = added->function,
                              .replace_grow = options.rules.per_page != 0,
                              .first_grow = added->first_function};
    if (auto metered =
            meter_bodies(*module, wasm, options.rules, *added, changes, CheckInserter(*added), functions, rewriter);
        !metered)
        return fail(metered.error());
    return rewriter.finish();
}

}  // namespace mortise::wasm
