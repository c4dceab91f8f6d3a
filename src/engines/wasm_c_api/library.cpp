#include "engines/wasm_c_api/library.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include <dlfcn.h>

#include "base/text.hpp"
#include "engine/words.hpp"
#include "engines/wasm_c_api/probes.hpp"

namespace mortise::engines::wasm_c_api {
namespace {

using base::concat;

static_assert(static_cast<std::size_t>(Feature::function_references) == 15, "Library::features_ has room for each");
static_assert(static_cast<int>(ValType::i32) == c::kI32 && static_cast<int>(ValType::i64) == c::kI64 &&
              static_cast<int>(ValType::f32) == c::kF32 && static_cast<int>(ValType::f64) == c::kF64);

// RTLD_LOCAL: its names are not seen by anyone else. RTLD_DEEPBIND: it sees its own names first, also where the program has
// the same ones; sanitizers cannot bear it. RTLD_NODELETE: see the class.
#if defined(MORTISE_SANITIZED)
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
#else
constexpr int kOpen = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_DEEPBIND;
#endif

Result<void*> load(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto status = std::filesystem::status(path, ignored);
    if (!std::filesystem::exists(status)) {
        return fail(ErrorCode::not_found, concat("there is no library ", base::quoted(path.string())));
    }
    if (!std::filesystem::is_regular_file(status)) {
        return fail(ErrorCode::invalid_argument, concat(base::quoted(path.string()), " is no shared library: not a file"));
    }
    void* handle = dlopen(path.c_str(), kOpen);
    if (handle != nullptr) return handle;
    const char* why = dlerror();
    return fail(ErrorCode::invalid_argument,
                concat(base::quoted(path.string()), " is no shared library that can be opened here: ", why == nullptr ? "?" : why));
}

/// Whether the file that this address was loaded from is no longer there. A library that is loaded is found again by its
/// path, also when by now another file has the path.
bool is_deleted(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t first = 0, end = 0;
        const char* last = line.data() + line.size();
        const auto dash = std::from_chars(line.data(), last, first, 16).ptr;
        if (dash == last || std::from_chars(dash + 1, last, end, 16).ec != std::errc()) continue;
        if (first <= wanted && wanted < end) return line.ends_with(" (deleted)");
    }
    return false;
}

c::Vec<char> as_vec(BytesView bytes) noexcept {
    // The API takes them as const, with a pointer that is not.
    return {bytes.size(), const_cast<char*>(reinterpret_cast<const char*>(bytes.data()))};
}

/// What the library says of its version: the standard has no question for it, so only those that are known are asked.
std::string ask_version(void* handle) {
    if (void* symbol = dlsym(handle, "wasmer_version")) {
        if (const char* text = reinterpret_cast<const char* (*)()>(symbol)()) return concat("wasmer ", text);
    }
    return {};
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::open(std::string_view path) {
    if (path.empty()) {
        return fail(ErrorCode::invalid_argument, "which library? Name the engine as wasm-c-api:PATH, with the path of a "
                                                 "shared library that has the standard wasm.h");
    }
    std::error_code ignored;
    // Always a path: a bare name would be looked for in the system's folders.
    const auto absolute = std::filesystem::absolute(std::filesystem::path(path), ignored);
    const auto handle = load(absolute);
    if (!handle) return fail(handle.error());
    const std::shared_ptr<Library> library(new Library);
    library->file_ = absolute.filename().string();
    if (auto complete = library->resolve(*handle); !complete) return fail(std::move(complete).error());
    if (is_deleted(reinterpret_cast<const void*>(library->api_.engine_new))) {
        return fail(ErrorCode::io, concat("another library was loaded from ", base::quoted(absolute.string()),
                                          " before, and stays loaded: the new one needs a new process or another path"));
    }
    library->version_ = ask_version(*handle);
    if (library->version_.empty()) library->version_ = library->file_;
    library->engine_ = library->api_.engine_new();
    if (library->engine_ == nullptr) {
        return fail(ErrorCode::unsupported, concat(base::quoted(library->file_), " cannot make an engine"));
    }
    library->probe_features();
    return std::shared_ptr<const Library>(library);
}

Library::~Library() {
    if (engine_ != nullptr) api_.engine_delete(engine_);
}

Result<void> Library::resolve(void* handle) {
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* name, bool needed) {
        void* symbol = dlsym(handle, name);
        if (symbol == nullptr && needed && missing == nullptr) missing = name;
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
    };
#define MORTISE_FIND(name, result, parameters) find(api_.name, "wasm_" #name, true);
    MORTISE_WASM_C_API_FUNCTIONS(MORTISE_FIND)
#undef MORTISE_FIND
#define MORTISE_FIND(name, result, parameters) find(api_.name, "wasm_" #name, false);
    MORTISE_WASM_C_API_OPTIONAL(MORTISE_FIND)
#undef MORTISE_FIND
    if (missing == nullptr) return {};
    return fail(ErrorCode::unsupported,
                concat(base::quoted(file_), " is no library with the standard wasm.h: it has no function ", missing));
}

void Library::probe_features() {
    const auto store = new_store();
    if (!store) return;
    for (std::size_t i = 0; i < features_.size(); ++i) {
        const BytesView probe = probe_of(static_cast<Feature>(i));
        features_[i] = !probe.empty() && new_module(*store, probe) != nullptr;
    }
}

Owned<c::Module> Library::new_module(c::Store& store, BytesView wasm) const {
    const auto bytes = as_vec(wasm);
    return {api_.module_new(&store, &bytes), api_.module_delete};
}

bool Library::validates(c::Store& store, BytesView wasm) const {
    const auto bytes = as_vec(wasm);
    return api_.module_validate(&store, &bytes);
}

Owned<c::FunctionType> Library::new_function_type(const FunctionType& type) const {
    if (!crosses(type)) return {nullptr, api_.functype_delete};
    const auto fill = [this](c::Vec<c::ValueType*>& out, const std::vector<ValType>& types) {
        std::vector<c::ValueType*> made;
        for (const ValType one : types) made.push_back(api_.valtype_new(static_cast<std::uint8_t>(one)));
        c::ValueType* none = nullptr;
        api_.valtype_vec_new(&out, made.size(), made.empty() ? &none : made.data());
    };
    c::Vec<c::ValueType*> params, results;
    fill(params, type.params);
    fill(results, type.results);
    return {api_.functype_new(&params, &results), api_.functype_delete};
}

std::string Library::message_of(const c::Trap& trap) const {
    c::Vec<char> text;
    api_.trap_message(&trap, &text);
    std::string message(text.data == nullptr ? "" : text.data, text.data == nullptr ? 0 : text.size);
    if (text.data != nullptr) api_.byte_vec_delete(&text);
    message.resize(std::min(message.size(), message.find('\0')));  // the standard has one at the end
    message = engine::on_one_line(message);
    return message.empty() ? "trap" : message;
}

bool crosses(const FunctionType& type) noexcept {
    const auto all = [](const std::vector<ValType>& types) {
        return std::ranges::all_of(types, [](ValType one) { return crosses(one); });
    };
    return all(type.params) && all(type.results);
}

}  // namespace mortise::engines::wasm_c_api
