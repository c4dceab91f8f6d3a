#include "engines/wasm_c_api/self_test.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"
#include "wasm/writer.hpp"

namespace mortise::engines::wasm_c_api {
namespace {

using engine::RawValue;
using engine::Stop;
using wasm::Writer;
namespace op = wasm::op;

constexpr std::uint32_t kGlobals = 20;
constexpr std::uint8_t kI32 = 0x7F, kI64 = 0x7E;

void section(Writer& out, std::uint8_t id, const Writer& content) {
    out.u8(id);
    out.sized(content.view());
}

// (import "h" "h" (func (param i32 i64) (result i64))), globals g0 to g19 with their numbers, memory "memory" of 1 to 2 pages,
// "call" calls the import with its arguments, "grow" grows the memory by one page, "trap" traps.
Bytes make_module() {
    Writer out, types, imports, functions, memories, globals, exports, code;
    const auto put = [](Writer& to, std::initializer_list<int> numbers) {
        for (const int number : numbers) to.u8(static_cast<std::uint8_t>(number));
    };
    put(out, {0, 'a', 's', 'm', 1, 0, 0, 0});
    types.u32(3);
    put(types, {0x60, 2, kI32, kI64, 1, kI64, 0x60, 0, 1, kI32, 0x60, 0, 0});
    imports.u32(1);
    imports.name("h");
    imports.name("h");
    imports.u8(0);
    imports.u32(0);
    functions.u32(3);
    put(functions, {0, 1, 2});
    put(memories, {1, 1, 1, 2});
    globals.u32(kGlobals);
    for (std::uint32_t i = 0; i < kGlobals; ++i) {
        globals.u8(kI32);
        globals.u8(0);
        globals.opcode(op::kI32Const);
        globals.s32(static_cast<std::int32_t>(i));
        globals.opcode(op::kEnd);
    }
    exports.u32(kGlobals + 4);
    const auto add = [&](std::string_view name, ExternKind kind, std::uint32_t index) {
        exports.name(name);
        exports.u8(std::to_underlying(kind));
        exports.u32(index);
    };
    for (std::uint32_t i = 0; i < kGlobals; ++i) add(base::concat("g", i), ExternKind::global, i);
    add("memory", ExternKind::memory, 0);
    add("call", ExternKind::function, 1);
    add("grow", ExternKind::function, 2);
    add("trap", ExternKind::function, 3);
    code.u32(3);
    for (const auto& body : {std::initializer_list<int>{0, 0x20, 0, 0x20, 1, 0x10, 0, 0x0b},
                             std::initializer_list<int>{0, 0x41, 1, 0x40, 0, 0x0b}, std::initializer_list<int>{0, 0, 0x0b}}) {
        code.u32(static_cast<std::uint32_t>(body.size()));
        put(code, body);
    }
    section(out, 1, types);
    section(out, 2, imports);
    section(out, 3, functions);
    section(out, 5, memories);
    section(out, 6, globals);
    section(out, 7, exports);
    section(out, 10, code);
    return out.take();
}

std::unexpected<Error> differs(std::string_view what) {
    return fail(ErrorCode::unsupported, base::concat("in a test of it, ", what));
}

Stop host(const void*, engine::Store&, engine::Caller, RawValue* slots) noexcept {
    slots[0].i64 = slots[1].i64 - slots[0].i32;
    return Stop::done;
}

Result<void> run(engine::Store& store, engine::InstanceId id) {
    for (std::uint32_t i = 0; i < kGlobals; ++i) {
        const auto global = store.global(id, base::concat("g", i));
        if (!global || store.get(*global).i32 != static_cast<std::int32_t>(i)) return differs("exports came in no known order");
    }
    const auto call = store.function(id, "call"), grow = store.function(id, "grow"), trap = store.function(id, "trap");
    const auto memory = store.memory(id, "memory");
    if (!call || !grow || !trap || !memory) return differs("an export was not there");
    std::array<RawValue, 2> slots{};
    slots[0].i32 = -3;
    slots[1].i64 = std::int64_t{1} << 40;
    if (store.call(*call, slots.data(), 2) != Stop::done || slots[0].i64 != (std::int64_t{1} << 40) + 3)
        return differs("a host function got or gave other values");
    if (store.call(*grow, slots.data(), 2) != Stop::done || slots[0].i32 != 1 || store.view(*memory).size() != 131'072)
        return differs("a memory did not grow");
    if (store.call(*grow, slots.data(), 2) != Stop::done || slots[0].i32 != -1)
        return differs("a memory grew beyond its declared size");
    if (store.call(*trap, slots.data(), 2) != Stop::trap) return differs("a trap was not reported");
    store.take_stop();
    return {};
}

}  // namespace

Result<void> self_test(engine::Engine& engine) {
    const Bytes wasm = make_module();
    const auto info = read_module(wasm);
    if (!info) return fail(info.error());
    const engine::Resolved imports[] = {engine::HostImport{&host, nullptr}};
    const auto module = engine.compile({*info, wasm, imports, {}}, {});
    if (!module) return fail(module.error());
    const auto store = (*module)->new_store({});
    if (!store) return fail(store.error());
    const auto id = (*store)->instantiate(**module);
    if (!id) return fail(id.error());
    return run(**store, *id);
}

}  // namespace mortise::engines::wasm_c_api
