#include "wasm/snapshot.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "wasm/cursor.hpp"
#include "wasm/instruction.hpp"
#include "wasm/module.hpp"
#include "wasm/rewriter.hpp"

namespace mortise::wasm {
namespace {

using base::concat;

constexpr std::size_t kGrain = 4096;                          // pages of hosts, which engines map
constexpr std::uint64_t kWasmPage = 65'536;
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20;   // a second look at each byte; what `Limits` allow unless told
constexpr std::uint64_t kAnyDensity = std::uint64_t{16} << 20;   // up to here engines keep an image with any number of holes

/// Instructions after which tables or segments are not what the module says.
bool changes_what_cannot_be_read(Opcode opcode) noexcept {
    constexpr Opcode kTableInit = prefixed(0xFC, 12), kElementDrop = prefixed(0xFC, 13), kTableCopy = prefixed(0xFC, 14);
    constexpr Opcode kTableGrow = prefixed(0xFC, 15), kTableFill = prefixed(0xFC, 17);
    constexpr std::array kAll{op::kTableSet, op::kMemoryInit, op::kDataDrop, kTableInit, kElementDrop, kTableCopy, kTableGrow, kTableFill};
    return std::ranges::find(kAll, opcode) != kAll.end();
}

bool is_number(ValType type) noexcept {
    switch (type) {
        case ValType::i32:
        case ValType::i64:
        case ValType::f32:
        case ValType::f64:
        case ValType::v128: return true;
        default: return false;
    }
}

std::optional<std::string> obstacle_in_size(std::uint64_t pages) {
    if (pages <= kMostMemory / kWasmPage) return std::nullopt;
    return concat("its memory has ", pages * kWasmPage, " bytes, more than the ", kMostMemory, " that are looked through while a plugin is loaded");
}

std::optional<std::string> obstacle_in_types(const ModuleInfo& info) {
    for (const Import& import : info.imports) {
        const bool shared = import.kind == ExternKind::table || import.kind == ExternKind::memory ||
                            (import.kind == ExternKind::global && import.global.is_mutable);
        if (!shared) continue;
        return concat("it imports a ", to_string(import.kind), ", ", base::quoted(import.module), " ", base::quoted(import.name));
    }
    if (info.memories.size() > 1) return concat("it has ", info.memories.size(), " memories");
    for (const SizeRange& memory : info.memories)
        if (memory.is64 || memory.shared) return std::string("its memory is a shared one or one of 64 bits");
    for (const SizeRange& memory : info.memories)
        if (auto large = obstacle_in_size(memory.minimum)) return large;
    for (const GlobalType& global : info.globals)
        if (global.is_mutable && !is_number(global.type)) return std::string("it has a mutable global that holds a reference");
    return std::nullopt;
}

std::optional<std::string> obstacle_in_code(const ParsedModule& module, BytesView wasm) {
    FeatureSet ignored;
    Instruction instruction;
    for (std::size_t i = 0; i < module.bodies.size(); ++i) {
        const BodyRange& body = module.bodies[i];
        Cursor in(wasm, body.code, body.start + body.size - body.code);
        while (in.ok() && !in.done()) {
            decode_instruction(in, instruction, ignored);
            if (!in.ok() || !changes_what_cannot_be_read(instruction.opcode)) continue;
            return concat("its code has ", opcode_name(instruction.opcode), ", which changes tables or segments");
        }
    }
    return std::nullopt;
}

void write_constant(Writer& out, ValType type, const std::array<std::byte, 16>& raw) {
    const auto number = [&]<class T>(T zero) {
        std::memcpy(&zero, raw.data(), sizeof(T));
        return zero;
    };
    switch (type) {
        case ValType::i32:
            out.opcode(op::kI32Const);
            out.s32(number(std::int32_t{}));
            break;
        case ValType::i64:
            out.opcode(op::kI64Const);
            out.s64(number(std::int64_t{}));
            break;
        case ValType::f32:
            out.opcode(op::kF32Const);
            out.bytes(BytesView(raw).first(4));
            break;
        case ValType::f64:
            out.opcode(op::kF64Const);
            out.bytes(BytesView(raw).first(8));
            break;
        default:
            out.opcode(op::kV128Const);
            out.bytes(raw);
            break;
    }
    out.opcode(op::kEnd);
}

/// The global section with other initial values for the mutable ones.
Result<Bytes> with_values(BytesView section, std::uint32_t imported, const ShownState& shown, const State& state) {
    Cursor in(section);
    Writer out;
    out.reserve(section.size() + 16 * state.globals.size());
    const auto count = in.u32();
    out.u32(count);
    FeatureSet ignored;
    Instruction instruction;
    std::size_t next = 0;   // of shown.globals, which are in the same order
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        const auto from = in.at();
        read_value_type(in, ignored);
        in.skip(1);
        const auto value_at = in.at();
        do decode_instruction(in, instruction, ignored);
        while (in.ok() && instruction.opcode != op::kEnd);
        const bool changes = next < shown.globals.size() && shown.globals[next].index == imported + i;
        const auto to = changes ? value_at : in.at();
        out.bytes(section.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
        if (!changes) continue;
        write_constant(out, shown.globals[next].type, state.globals[next]);
        ++next;
    }
    if (!in.ok()) return fail(in.take_error());
    return out.take();
}

Bytes memory_section(const SizeRange& memory, std::uint64_t pages) {
    Writer out;
    out.u32(1);
    out.u8(memory.maximum ? 1 : 0);
    out.u64(pages);
    if (memory.maximum) out.u64(*memory.maximum);
    return out.take();
}

struct Run {
    std::size_t at = 0;
    std::size_t size = 0;
};

bool all_zero(BytesView bytes) noexcept {
    return bytes.empty() || (bytes.front() == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// What is not zero, in whole host pages; a single page of zeros between two runs is cheaper than another segment.
std::vector<Run> runs_of(BytesView memory) {
    std::vector<Run> runs;
    for (std::size_t at = 0; at < memory.size(); at += kGrain) {
        const std::size_t size = std::min(kGrain, memory.size() - at);
        if (all_zero(memory.subspan(at, size))) continue;
        if (!runs.empty() && at - (runs.back().at + runs.back().size) <= kGrain) runs.back().size = at + size - runs.back().at;
        else runs.push_back({at, size});
    }
    return runs;
}

Bytes data_section(BytesView memory, std::span<const Run> runs) {
    Writer out;
    out.u64(runs.size());
    for (const Run& run : runs) {
        out.u32(0);   // active, in memory 0
        out.opcode(op::kI32Const);
        out.s32(static_cast<std::int32_t>(static_cast<std::uint32_t>(run.at)));
        out.opcode(op::kEnd);
        out.sized(memory.subspan(run.at, run.size));
    }
    return out.take();
}

Result<std::uint64_t> check_image(std::span<const Run> runs) {
    std::uint64_t bytes = 0;
    for (const Run& run : runs) bytes += run.size;
    if (bytes > kMostBytes) return fail(ErrorCode::unsupported, concat("its memory holds ", bytes, " bytes after start-up, more than ", kMostBytes));
    const std::uint64_t span = runs.empty() ? 0 : runs.back().at + runs.back().size - runs.front().at;
    if (span > kAnyDensity && bytes < span / 2)
        return fail(ErrorCode::unsupported, concat("its memory after start-up is mostly zeros: ", bytes, " of ", span, " bytes"));
    return bytes;
}

}  // namespace

Result<std::optional<std::string>> snapshot_obstacle(BytesView wasm) {
    const auto module = parse_module(wasm, no_load_limits());
    if (!module) return fail(module.error());
    if (module->info.start) return std::optional<std::string>("it has a start section");
    if (auto obstacle = obstacle_in_types(module->info)) return obstacle;
    return obstacle_in_code(*module, wasm);
}

Result<ShownState> show_state(const ModuleInfo& info, BytesView wasm, std::string_view prefix) {
    ShownState shown;
    shown.info = info;
    Writer entries;
    std::uint32_t added = 0;
    const auto add = [&](std::string name, ExternKind kind, std::uint32_t index) -> Result<void> {
        if (info.find_export(name) != nullptr)
            return fail(ErrorCode::unsupported, concat("it exports ", base::quoted(name), ", a name that is reserved"));
        entries.name(name);
        entries.u8(static_cast<std::uint8_t>(kind));
        entries.u32(index);
        ++added;
        shown.info.exports.push_back({std::move(name), kind, index});
        return {};
    };
    if (!info.memories.empty()) {
        shown.memory = concat(prefix, "memory");
        if (auto done = add(shown.memory, ExternKind::memory, 0); !done) return fail(std::move(done).error());
    }
    const auto imported = info.imported(ExternKind::global);
    for (std::size_t i = 0; i < info.globals.size(); ++i) {
        if (!info.globals[i].is_mutable) continue;
        const auto index = static_cast<std::uint32_t>(imported + i);
        shown.globals.push_back({index, info.globals[i].type, concat(prefix, index)});
        if (auto done = add(shown.globals.back().name, ExternKind::global, index); !done) return fail(std::move(done).error());
    }
    if (added == 0) {
        shown.wasm = copy_bytes(wasm);
        return shown;
    }
    const auto sections = read_sections(wasm);
    if (!sections) return fail(sections.error());
    Rewriter rewriter(wasm, *sections);
    rewriter.append(SectionId::export_, added, entries.view());
    auto bytes = rewriter.finish();
    if (!bytes) return fail(std::move(bytes).error());
    shown.wasm = *std::move(bytes);
    return shown;
}

Result<Baked> bake_state(const ModuleInfo& info, BytesView wasm, const ShownState& shown, const State& state) {
    const auto sections = read_sections(wasm);
    if (!sections) return fail(sections.error());
    Rewriter rewriter(wasm, *sections);
    Baked baked;
    baked.info = info;
    if (!shown.globals.empty()) {
        auto globals = with_values(rewriter.content(SectionId::global), info.imported(ExternKind::global), shown, state);
        if (!globals) return fail(std::move(globals).error());
        rewriter.replace(SectionId::global, *std::move(globals));
    }
    if (!info.memories.empty()) {
        if (auto large = obstacle_in_size(state.memory.size() / kWasmPage)) return fail(ErrorCode::unsupported, *std::move(large));
        const auto runs = runs_of(state.memory);
        const auto bytes = check_image(runs);
        if (!bytes) return fail(bytes.error());
        baked.image_bytes = baked.info.data_bytes = *bytes;
        baked.info.memories[0].minimum = state.memory.size() / kWasmPage;
        rewriter.replace(SectionId::memory, memory_section(info.memories[0], baked.info.memories[0].minimum));
        rewriter.replace(SectionId::data, data_section(state.memory, runs));
        // Nothing refers to segments any more: what does is an obstacle.
        rewriter.remove(SectionId::data_count);
    }
    auto bytes = rewriter.finish();
    if (!bytes) return fail(std::move(bytes).error());
    baked.wasm = *std::move(bytes);
    return baked;
}

}  // namespace mortise::wasm
