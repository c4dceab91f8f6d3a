#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <mortise/bytes.hpp>
#include <mortise/export.hpp>
#include <mortise/observer.hpp>
#include <mortise/sandbox.hpp>
#include <mortise/value.hpp>

/// The ABI of wasp plugins: any export is called by name, text is NUL-terminated and measured by the guest, bytes carry their
/// length in front. The names in this namespace go with `PluginOptions::abi == "wasp"`.
namespace mortise::abi::wasp {

/// Whether the initialisers of a module are run.
enum class StartUp : std::uint8_t {
    on,   ///< `_initialize`, or else `_start`: without it guests of TinyGo corrupt their heap
    off,  ///< neither, as the original host does
};

/// What is handed to the guest's `deallocate` when a call ends.
enum class FreeStrings : std::uint8_t {
    all,             ///< every address that crossed, also text and bytes that the guest produced
    arguments_only,  ///< what the host placed alone: for guests that return literals
};

/// Whether one NUL at the end of a text from the guest is dropped. AssemblyScript guests return one.
enum class TrailingNul : std::uint8_t { keep, trim };

/// How a text is written into the guest.
enum class StringCopy : std::uint8_t {
    fixed,      ///< its bytes, then a NUL
    reference,  ///< the original host's defect, for comparisons: characters cut to 8 bits, the NUL one byte late. Writes stay
                ///< inside memory
};

/// Who provides `env.abort`.
enum class AbortImport : std::uint8_t {
    provide,           ///< mortise: keeps the guest's text and traps. A host function `env` `abort` replaces it
    require_callback,  ///< the embedder, else `missing_import`
};

/// What happens inside calls, for logs. Which fields mean something follows from `what`. Views are valid during the notification.
struct Event {
    enum class What : std::uint8_t {
        calling,            ///< trace: `name` of an export
        called,             ///< debug: `name`, `nanoseconds`, `ok`
        block_allocated,    ///< trace: `address`, `size`
        text_placed,        ///< trace: `address`, `text`
        bytes_placed,       ///< trace: `address`, `size` without the length in front
        text_read,          ///< trace: `address`, `size`
        bytes_read,         ///< trace: `address`, `size` without the length in front
        block_freed,        ///< trace: `address`, `size`
        callback_called,    ///< debug: `module`, `name`, `arguments`
        callback_finished,  ///< debug: `module`, `name`, `ok`
        error_raised,       ///< debug: `text`
        call_failed,        ///< error: `name`, `text`
        cannot_deallocate,  ///< error: `text`, at most once a call
    };
    What what{};
    LogLevel level = LogLevel::trace;
    std::uint64_t instance = 0;
    std::string_view module{};
    std::string_view name{};
    std::string_view text{};
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    std::uint64_t nanoseconds = 0;
    bool ok = true;
    std::span<const ValueView> arguments{};
};

/// `PluginOptions::abi_options` of this ABI. Defaults are what new programs want; the others are for comparisons with the
/// original host.
struct Options {
    StartUp start_up = StartUp::on;
    FreeStrings free_strings = FreeStrings::all;
    TrailingNul trailing_nul = TrailingNul::keep;
    StringCopy string_copy = StringCopy::fixed;
    AbortImport abort = AbortImport::provide;

    /// Hears of what happens inside calls. Called on whichever thread runs an instance, several at once; what it throws is
    /// swallowed, and it cannot call the instance (`not_reentrant`). Empty: nothing is built and clocks are not read.
    std::function<void(const Event&)> on_event{};
};

/// `CallOutcome::report` of a call; there only where something is to be told.
struct CallReport {
    std::uint32_t failed_frees = 0;  ///< blocks that stay allocated because `deallocate` is missing or failed
};

/// Lets the guest see a host directory as its workspace, under the names `workspace` and `/workspace`, and sets the program's
/// name that wasp guests expect (`wasi-plugins`) where there is none. The sandbox goes into `PluginOptions::sandbox`, or into
/// `InstanceOptions::sandbox` for a directory of one instance's own. An empty directory adds nothing but the name.
MORTISE_API void add_workspace(Sandbox& sandbox, std::string host_directory, Access access = Access::read_write);

}  // namespace mortise::abi::wasp
