#include "differential/run.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "wasm/normalise.hpp"

namespace mortise::differential {
namespace {

using base::concat;
using engine::Stop;

std::uint64_t digest(const engine::GuestMemory& memory) {
    std::uint64_t sum = 0xcbf29ce484222325;  // FNV-1a
    const auto bytes = memory.bytes(0, memory.size());
    if (!bytes) return 0;
    for (const std::byte byte : *bytes) sum = (sum ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
    return sum;
}

std::string shown(const engine::RawValue& value, ValType type) {
    switch (type) {
        case ValType::i32: return std::to_string(value.i32);
        case ValType::i64: return std::to_string(value.i64);
        case ValType::f32: return base::hex(value.f32_bits);
        case ValType::f64: return base::hex(value.f64_bits);
        default: return std::string(to_string(type));
    }
}

/// False if the stack overflowed.
bool run_call(engine::Store& store, engine::InstanceId id, const Call& call, std::string& seen) {
    const auto function = store.function(id, call.name);
    if (!function) return seen += concat(call.name, " is not there\n"), true;
    auto slots = call.arguments;
    slots.resize(std::max({call.arguments.size(), call.type.results.size(), std::size_t{1}}));
    const Stop stop = store.call(*function, slots.data(), slots.size());
    seen += concat(call.name, ": ");
    if (stop != Stop::done) {
        const engine::StopInfo info = store.take_stop();
        seen += concat("stop ", static_cast<int>(stop), ", ", to_string(info.trap), ", ", info.text, "\n");
        return !info.stack_overflow;
    }
    for (std::size_t i = 0; i < call.type.results.size(); ++i)
        seen += concat(shown(slots[i], call.type.results[i]), " ");
    seen += '\n';
    return true;
}

void show_state(engine::Store& store, engine::InstanceId id, const ModuleInfo& info, std::string& seen) {
    for (const Export& item : info.exports) {
        if (item.kind == ExternKind::memory) {
            const auto view = store.view(*store.memory(id, item.name));
            seen += concat(item.name, ": ", view.size(), " bytes, ", digest(view), "\n");
        } else if (item.kind == ExternKind::global) {
            const ValType type = info.globals.at(item.index).type;
            seen += concat(item.name, " = ", shown(store.get(*store.global(id, item.name)), type), "\n");
        }
    }
    seen += concat(store.memory_bytes(), " bytes in all, at most ", store.memory_peak_bytes(), ", refused ",
                   static_cast<int>(store.growth_was_refused()), "\n");
}

}  // namespace

std::string run(engine::Engine& engine, BytesView wasm, const std::vector<Call>& calls) {
    const auto info = read_module(wasm);
    if (!info) return concat("unreadable: ", info.error().message(), "\n");
    const auto module = engine.compile({*info, wasm, {}, {}}, {});
    if (!module) return concat("refused: ", to_string(module.error().code()), "\n");
    engine::StoreLimits limits;
    limits.memory_bytes = (kMostPages - 1) * std::uint64_t{65'536};
    const auto store = value((*module)->new_store(limits));
    const auto id = store->instantiate(**module);
    if (!id) return concat("not instantiated: ", to_string(id.error().code()), "\n");
    std::string seen;
    for (const Call& call : calls) {
        if (!run_call(*store, *id, call, seen)) return {};
    }
    show_state(*store, *id, *info, seen);
    return seen;
}

std::vector<Call> calls_of(const Generated& module, Choices& choices) {
    std::vector<Call> calls;
    for (int round = 0; round < 2; ++round) {
        for (const Entry& entry : module.entries) {
            Call call{entry.name, entry.type, {}};
            for (const ValType param : entry.type.params) {
                engine::RawValue value{};
                // Small numbers reach more code than any bits; bits of floats are numbers, no NaN.
                const std::uint64_t bits = choices.one_in(2) ? choices.below(100) : choices.bits();
                if (param == ValType::f32)
                    value.f32 = static_cast<float>(static_cast<std::int64_t>(bits));
                else if (param == ValType::f64)
                    value.f64 = static_cast<double>(static_cast<std::int64_t>(bits)) / 3;
                else if (param == ValType::i32)
                    value.i32 = static_cast<std::int32_t>(bits);
                else
                    value.i64 = static_cast<std::int64_t>(bits);
                call.arguments.push_back(value);
            }
            calls.push_back(std::move(call));
        }
    }
    return calls;
}

}  // namespace mortise::differential
