#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/error.hpp>
#include <mortise/module_info.hpp>

#include "engines/wasm_c_api/api.hpp"

namespace mortise::engines::wasm_c_api {

/// An object of a library and the function that deletes it.
template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

/// A shared library with the standard C API and one engine of it. The engine goes with this; the library itself stays
/// loaded as long as the process, since it may have left signal handlers and destructors behind. Any thread.
class Library {
public:
    /// Opens the library at that path. Opening is running: its initialisers run with all that this process may do.
    /// Errors: `invalid_argument` (no path, not a shared library of this machine), `not_found`, `unsupported` (lacks a
    /// function of the API, naming the first; its engine cannot be made).
    static Result<std::shared_ptr<const Library>> open(std::string_view path);

    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    const Api& api() const noexcept { return api_; }
    c::Engine* engine() const noexcept { return engine_; }
    const std::string& file() const noexcept { return file_; }        ///< name without folder
    const std::string& version() const noexcept { return version_; }  ///< what it says; the name of the file if it tells nothing

    /// Whether the library takes modules that use this proposal: asked of the library itself when it was opened.
    bool has(Feature feature) const noexcept { return features_.at(static_cast<std::size_t>(feature)); }

    Owned<c::Store> new_store() const { return {api_.store_new(engine_), api_.store_delete}; }

    /// A module of these bytes; null if the library does not take them. It gives no reasons.
    Owned<c::Module> new_module(c::Store& store, BytesView wasm) const;
    bool validates(c::Store& store, BytesView wasm) const;

    /// A function type; null if it has a type other than the four numbers.
    Owned<c::FunctionType> new_function_type(const FunctionType& type) const;

    /// The trap's text on one line.
    std::string message_of(const c::Trap& trap) const;

private:
    Library() = default;

    Result<void> resolve(void* handle);
    void probe_features();

    Api api_;
    c::Engine* engine_ = nullptr;
    std::string file_;
    std::string version_;
    std::array<bool, 16> features_{};
};

/// The API's number for a value type; nothing for what cannot cross it.
inline bool crosses(ValType type) noexcept { return type <= ValType::f64; }
bool crosses(const FunctionType& type) noexcept;

}  // namespace mortise::engines::wasm_c_api
