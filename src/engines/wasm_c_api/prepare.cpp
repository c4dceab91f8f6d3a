#include "engines/wasm_c_api/prepare.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "wasm/cursor.hpp"
#include "wasm/index_shift.hpp"
#include "wasm/instruction.hpp"
#include "wasm/rewriter.hpp"

namespace mortise::engines::wasm_c_api {
namespace {

using wasm::Opcode;
using wasm::SectionId;
using wasm::Writer;
namespace op = wasm::op;

constexpr Opcode kTableGrow = wasm::prefixed(0xFC, 15);
constexpr std::uint8_t kI32 = 0x7F, kFuncRef = 0x70, kExternRef = 0x6F, kFunctionForm = 0x60;

/// The functions of the module that begin with the added ones.
class GrowthPass {
public:
    GrowthPass(const wasm::ParsedModule& module, BytesView wasm)
        : module_(module),
          wasm_(wasm),
          ask_(module.info.imported(ExternKind::function)),
          functions_(std::uint64_t{ask_} + module.info.functions.size()) {}

    /// Whether any function grows anything. Errors: `malformed_module`.
    Result<bool> needed() const;

    /// Index of the import that is asked.
    std::uint32_t ask() const noexcept { return ask_; }

    Result<void> rewrite(wasm::Rewriter& rewriter);

private:
    using What = std::pair<Grown, std::uint32_t>;  // and which of them

    Result<void> check_uses() const;
    Result<void> add_body(const wasm::BodyRange& body, Writer& code);
    std::uint32_t grower(What what);
    Writer grower_body(What what) const;
    void add_types(wasm::Rewriter& rewriter) const;
    std::uint8_t element_type(std::uint32_t table) const;

    const wasm::ParsedModule& module_;
    const BytesView wasm_;
    const std::uint32_t ask_;
    const std::uint64_t functions_;
    std::vector<What> growers_;
};

Result<bool> GrowthPass::needed() const {
    wasm::Instruction instruction;
    wasm::FeatureSet ignored;
    for (const wasm::BodyRange& body : module_.bodies) {
        wasm::Cursor in(wasm_, body.code, body.start + body.size - body.code);
        while (!in.done()) {
            wasm::decode_instruction(in, instruction, ignored);
            if (!in.ok()) return fail(in.take_error());
            if (instruction.opcode == op::kMemoryGrow || instruction.opcode == kTableGrow) return true;
        }
    }
    return false;
}

std::unexpected<Error> no_such_function(std::uint64_t at) {
    return fail(ErrorCode::malformed_module, base::concat("no such function (at offset ", base::hex(at), ")"));
}

// With the added functions an index too large would become one of theirs.
Result<void> GrowthPass::check_uses() const {
    for (const std::uint64_t at : module_.function_uses) {
        wasm::Cursor in(wasm_, at, wasm_.size() - at);
        if (in.u32() >= functions_) return no_such_function(at);
    }
    return {};
}

Result<void> GrowthPass::add_body(const wasm::BodyRange& body, Writer& code) {
    Writer out;
    wasm::Splicer splicer(wasm_, body.start, body.start + body.size, out);
    wasm::Cursor in(wasm_, body.code, body.start + body.size - body.code);
    wasm::Instruction instruction;
    wasm::FeatureSet ignored;
    while (!in.done()) {
        wasm::decode_instruction(in, instruction, ignored);
        if (!in.ok()) return fail(in.take_error());
        Opcode opcode = instruction.opcode;
        std::uint32_t index = 0;
        if (instruction.info.immediates == wasm::Immediates::function) {
            if (instruction.index >= functions_) return no_such_function(instruction.at);
            if (instruction.index < ask_) continue;
            index = instruction.index + 1;
        } else if (opcode == op::kMemoryGrow || opcode == kTableGrow) {
            index = grower({opcode == kTableGrow ? Grown::table : Grown::memory, instruction.index});
            opcode = op::kCall;
        } else {
            continue;
        }
        splicer.copy_to(instruction.at);
        out.opcode(opcode);
        out.u32(index);
        splicer.skip(in.at() - instruction.at);
    }
    splicer.finish();
    if (out.size() > UINT32_MAX) return fail(ErrorCode::unsupported, "a function becomes too long");
    code.sized(out.view());
    return {};
}

std::uint32_t GrowthPass::grower(What what) {
    const auto found = std::ranges::find(growers_, what);
    const auto number = static_cast<std::uint32_t>(found - growers_.begin());
    if (found == growers_.end()) growers_.push_back(what);
    return static_cast<std::uint32_t>(functions_) + 1 + number;
}

std::uint8_t GrowthPass::element_type(std::uint32_t table) const {
    std::vector<TableType> all;
    for (const Import& import : module_.info.imports) {
        if (import.kind == ExternKind::table) all.push_back(import.table);
    }
    all.insert(all.end(), module_.info.tables.begin(), module_.info.tables.end());
    // A table that is not there leaves an invalid module invalid, whatever its type.
    return table < all.size() && all[table].element == ValType::externref ? kExternRef : kFuncRef;
}

// grow(pages) = if ask(what, pages) then memory.grow(pages) else -1; for tables with the new elements' value before it.
Writer GrowthPass::grower_body(What what) const {
    const bool table = what.first == Grown::table;
    const std::uint32_t count = table ? 1 : 0;
    Writer out;
    out.u8(0);  // no locals
    out.opcode(op::kI32Const);
    out.s32(std::to_underlying(what.first));
    out.opcode(op::kLocalGet);
    out.u32(count);
    out.opcode(op::kCall);
    out.u32(ask_);
    out.opcode(op::kIf);
    out.u8(kI32);
    for (std::uint32_t local = 0; local <= count; ++local) {
        out.opcode(op::kLocalGet);
        out.u32(local);
    }
    out.opcode(table ? kTableGrow : op::kMemoryGrow);
    out.u32(what.second);
    out.opcode(op::kElse);
    out.opcode(op::kI32Const);
    out.s32(-1);
    out.opcode(op::kEnd);
    out.opcode(op::kEnd);
    return out;
}

void GrowthPass::add_types(wasm::Rewriter& rewriter) const {
    Writer types;
    const auto type = [&types](std::initializer_list<std::uint8_t> params) {
        types.u8(kFunctionForm);
        types.u8(static_cast<std::uint8_t>(params.size()));
        for (const std::uint8_t param : params) types.u8(param);
        types.u8(1);
        types.u8(kI32);
    };
    type({kI32, kI32});
    for (const What& what : growers_) {
        if (what.first == Grown::memory) type({kI32});
        else type({element_type(what.second), kI32});
    }
    rewriter.append(SectionId::type, static_cast<std::uint32_t>(growers_.size() + 1), types.view());
}

Result<void> GrowthPass::rewrite(wasm::Rewriter& rewriter) {
    if (functions_ > UINT32_MAX - module_.info.imports.size() - 2 || module_.info.types.size() > UINT32_MAX / 2) {
        return fail(ErrorCode::unsupported, "too many functions or types");
    }
    if (auto inside = check_uses(); !inside) return inside;
    wasm::shift_functions(module_, wasm_, ask_, rewriter);
    Writer code;
    code.reserve(static_cast<std::size_t>(module_.info.code_bytes) + 64);
    for (const wasm::BodyRange& body : module_.bodies) {
        if (auto added = add_body(body, code); !added) return added;
    }
    const auto first_type = static_cast<std::uint32_t>(module_.info.types.size());
    Writer functions, all;
    for (std::uint32_t i = 0; i < growers_.size(); ++i) functions.u32(first_type + 1 + i);
    rewriter.append(SectionId::function, static_cast<std::uint32_t>(growers_.size()), functions.view());
    add_types(rewriter);
    all.reserve(code.size() + 64);
    all.u64(module_.bodies.size() + growers_.size());
    all.bytes(code.view());
    for (const What& what : growers_) all.sized(grower_body(what).view());
    rewriter.replace(SectionId::code, all.take());
    return {};
}

void skip_size_range(wasm::Cursor& in) {
    constexpr std::uint8_t kHasMaximum = 1;
    const auto flags = in.u8();
    in.u64();
    if ((flags & kHasMaximum) != 0) in.u64();
}

/// Every import as it stands in the binary. Only kinds that the features let through.
Result<std::vector<BytesView>> read_imports(BytesView content, std::size_t count) {
    std::vector<BytesView> imports;
    wasm::Cursor in(content);
    wasm::FeatureSet ignored;
    in.u32();
    for (std::size_t i = 0; i < count; ++i) {
        const auto from = in.at();
        in.name();
        in.name();
        const auto kind = static_cast<ExternKind>(in.u8());
        if (kind == ExternKind::function) in.u32();
        else if (kind == ExternKind::table || kind == ExternKind::global) wasm::read_value_type(in, ignored);
        if (kind == ExternKind::table || kind == ExternKind::memory) skip_size_range(in);
        else if (kind == ExternKind::global) in.skip(1);
        else if (kind == ExternKind::tag) in.refuse("a tag is imported");
        if (!in.ok()) return fail(in.take_error());
        imports.push_back(content.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(in.at() - from)));
    }
    return imports;
}

/// Puts the imports in groups of a kind, with the growth import after the other functions; gives their order.
Result<std::vector<std::size_t>> group_imports(const ModuleInfo& info, bool grows, wasm::Rewriter& rewriter) {
    std::vector<std::size_t> order;
    if (info.imports.empty() && !grows) return order;
    const auto imports = read_imports(rewriter.content(SectionId::import), info.imports.size());
    if (!imports) return fail(imports.error());
    Writer out;
    out.u64(info.imports.size() + (grows ? 1 : 0));
    for (const ExternKind kind : {ExternKind::function, ExternKind::table, ExternKind::memory, ExternKind::global}) {
        for (std::size_t i = 0; i < info.imports.size(); ++i) {
            if (info.imports[i].kind != kind) continue;
            out.bytes((*imports)[i]);
            order.push_back(i);
        }
        if (kind != ExternKind::function || !grows) continue;
        out.name("mortise");
        out.name("growth");
        out.u8(std::to_underlying(ExternKind::function));
        out.u64(info.types.size());   // the first of the added types
        order.push_back(Prepared::kAsksBeforeGrowth);
    }
    rewriter.replace(SectionId::import, out.take());
    return order;
}

Bytes export_section(const ModuleInfo& info, std::uint32_t first_shifted) {
    Writer out;
    std::size_t number = 0;
    out.u64(info.exports.size() + info.memories.size() + info.tables.size());
    const auto add = [&](ExternKind kind, std::uint32_t index) {
        // Digits of one width: sorted as text, they are in order.
        std::string name = std::to_string(number++);
        name.insert(0, 10 - name.size(), '0');
        out.name(name);
        out.u8(std::to_underlying(kind));
        out.u32(index);
    };
    for (const Export& one : info.exports) {
        const bool shifted = one.kind == ExternKind::function && one.index >= first_shifted;
        add(one.kind, one.index + (shifted ? 1 : 0));
    }
    for (std::uint32_t i = 0; i < info.memories.size(); ++i) add(ExternKind::memory, info.imported(ExternKind::memory) + i);
    for (std::uint32_t i = 0; i < info.tables.size(); ++i) add(ExternKind::table, info.imported(ExternKind::table) + i);
    return out.take();
}

}  // namespace

Result<Prepared> prepare(BytesView wasm) {
    const auto module = wasm::parse_module(wasm, wasm::no_load_limits(), wasm::Detail::function_uses);
    if (!module) return fail(module.error());
    GrowthPass growth(*module, wasm);
    const auto grows = growth.needed();
    if (!grows) return fail(grows.error());
    wasm::Rewriter rewriter(wasm, module->sections);
    if (*grows) {
        if (auto done = growth.rewrite(rewriter); !done) return fail(done.error());
    }
    auto imports = group_imports(module->info, *grows, rewriter);
    if (!imports) return fail(std::move(imports).error());
    rewriter.replace(SectionId::export_, export_section(module->info, *grows ? growth.ask() : UINT32_MAX));
    for (std::size_t i = 0; i < module->sections.size(); ++i) {
        if (module->sections[i].id == SectionId::custom) rewriter.remove_custom(i);
    }
    auto bytes = rewriter.finish();
    if (!bytes) return fail(std::move(bytes).error());
    return Prepared{std::move(*bytes), std::move(*imports)};
}

}  // namespace mortise::engines::wasm_c_api
