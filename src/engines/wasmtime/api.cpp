#include "engines/wasmtime/api.hpp"

#include <algorithm>
#include <cctype>
#include <span>

namespace mortise::engines::wasmtime {
namespace {

std::string_view trim(std::string_view text) {
    const auto from = text.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

/// "0: cause" of a list of several causes, without its number.
std::string_view without_number(std::string_view line) {
    const auto digits = line.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos || !line.substr(digits).starts_with(": ")) return line;
    return line.substr(digits + 2);
}

/// The engine prints an error over several lines ("Caused by:", numbered causes): made one, for messages of one
/// sentence.
std::string on_one_line(std::string_view text) {
    std::string line_of_all;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = without_number(trim(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line == "Stack backtrace:") break;
        if (line.empty() || line == "Caused by:") continue;
        if (!line_of_all.empty()) line_of_all += line_of_all.ends_with(':') ? " " : ": ";
        line_of_all += line;
    }
    return line_of_all;
}

std::vector<WasmFrame> take_frames(wasm_frame_vec_t& frames) {
    std::vector<WasmFrame> taken;
    taken.reserve(frames.size);
    for (const wasm_frame_t* frame : std::span(frames.data, frames.size)) {
        const wasm_name_t* name = wasmtime_frame_func_name(frame);
        const std::size_t offset = wasm_frame_module_offset(frame);
        taken.push_back(
            {.function = wasm_frame_func_index(frame),
             .name = name != nullptr && name->size != 0 ? std::string(name->data, name->size) : std::string(),
             .offset = offset == SIZE_MAX ? UINT64_MAX : offset});
    }
    wasm_frame_vec_delete(&frames);
    return taken;
}

bool make_types(std::span<const ValType> types, wasm_valtype_vec_t& out) {
    std::vector<ValueTypePtr> made;
    made.reserve(types.size());
    for (const ValType type : types) {
        made.push_back(make_value_type(type));
        if (!made.back()) return false;
    }
    wasm_valtype_vec_new_uninitialized(&out, made.size());
    for (std::size_t i = 0; i < made.size(); ++i) out.data[i] = made[i].release();
    return true;
}

bool same_types(const wasm_valtype_vec_t& theirs, std::span<const ValType> ours) {
    if (theirs.size != ours.size()) return false;
    for (std::size_t i = 0; i < ours.size(); ++i) {
        const ValueTypePtr type = make_value_type(ours[i]);
        if (!type || !wasmtime_wasm_valtype_equal(theirs.data[i], type.get())) return false;
    }
    return true;
}

}  // namespace

std::string message_of(const wasmtime_error_t& error) {
    ByteVec text;
    wasmtime_error_message(&error, text.out());
    return on_one_line(text.text());
}

std::string message_of(const wasm_trap_t& trap) {
    ByteVec text;
    wasm_trap_message(&trap, text.out());
    auto view = text.text();
    while (view.ends_with('\0')) view.remove_suffix(1);
    return on_one_line(view);
}

std::vector<WasmFrame> backtrace_of(const wasmtime_error_t& error) {
    wasm_frame_vec_t frames;
    wasm_frame_vec_new_empty(&frames);
    wasmtime_error_wasm_trace(&error, &frames);
    return take_frames(frames);
}

std::vector<WasmFrame> backtrace_of(const wasm_trap_t& trap) {
    wasm_frame_vec_t frames;
    wasm_frame_vec_new_empty(&frames);
    wasm_trap_trace(&trap, &frames);
    return take_frames(frames);
}

ValueTypePtr make_value_type(ValType type) noexcept {
    switch (type) {
        case ValType::i32: return ValueTypePtr(wasm_valtype_new(WASM_I32));
        case ValType::i64: return ValueTypePtr(wasm_valtype_new(WASM_I64));
        case ValType::f32: return ValueTypePtr(wasm_valtype_new(WASM_F32));
        case ValType::f64: return ValueTypePtr(wasm_valtype_new(WASM_F64));
        case ValType::v128: return ValueTypePtr(wasmtime_wasm_valtype_v128());
        case ValType::funcref: return ValueTypePtr(wasm_valtype_new(WASM_FUNCREF));
        case ValType::externref: return ValueTypePtr(wasm_valtype_new(WASM_EXTERNREF));
        case ValType::other: break;
    }
    return nullptr;
}

FunctionTypePtr make_function_type(const FunctionType& type) {
    wasm_valtype_vec_t params;
    wasm_valtype_vec_t results;
    if (!make_types(type.params, params)) return nullptr;
    if (!make_types(type.results, results)) {
        wasm_valtype_vec_delete(&params);
        return nullptr;
    }
    return FunctionTypePtr(wasm_functype_new(&params, &results));
}

bool same_type(const wasm_functype_t& theirs, const FunctionType& ours) {
    return same_types(*wasm_functype_params(&theirs), ours.params) &&
           same_types(*wasm_functype_results(&theirs), ours.results);
}

}  // namespace mortise::engines::wasmtime
