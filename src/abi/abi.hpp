#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mortise/abi_info.hpp>
#include <mortise/bytes.hpp>
#include <mortise/error.hpp>
#include <mortise/host_functions.hpp>
#include <mortise/limits.hpp>
#include <mortise/module_info.hpp>
#include <mortise/value.hpp>

#include "abi/session.hpp"
#include "engine/engine.hpp"

namespace mortise::abi {

/// Which WASI modules the ABI's guests may import, and how.
struct WasiPolicy {
    bool preview1 = true;             ///< `wasi_snapshot_preview1`
    bool unstable = false;            ///< `wasi_unstable`
    bool legacy_wasi = false;         ///< `wasi`, an old alias of `wasi_unstable`
    bool empty_configuration = false; ///< no args, env, directories whatever the Sandbox says
};

/// What `prepare` reads. Borrowed for the call, but `host`, which lives as long as the plugin.
struct Source {
    const ModuleInfo& info;
    BytesView wasm;
    const HostFunctions& host;
    const std::any& options;   ///< the ABI's own options (its public header), or empty
    const Limits& limits;
    bool observed = false;     ///< somebody listens to host calls
};

/// A module as the ABI wants it compiled and linked. Made once a plugin, shared by all its instances.
struct Prepared {
    Bytes wasm;                                             ///< rewritten module; empty: the original serves
    engine::CompileOptions compile;                         ///< host/ adds what limits and Runtime demand
    std::vector<std::optional<engine::Resolved>> imports;   ///< by position; empty ones are WASI's or nobody's
    WasiPolicy wasi;
    std::optional<std::uint64_t> memory_bytes;              ///< a cap that the ABI demands, beside Limits
    std::uint32_t memories = 0;                             ///< at least this many must be allowed
    std::shared_ptr<const void> plan;                       ///< the ABI's own, e.g. bound host functions
};

/// One call of a message ABI, or the parts of a value call that are not values.
struct Request {
    std::string_view name;
    BytesView payload{};
    const std::any* options = nullptr;   ///< per call, typed in the ABI's public header, e.g. gas; may be null
};

/// Who wants to see an operation's response where the guest has it, instead of a copy. An ABI that can calls `take` each time the
/// guest gives a response, inside a `Lending`, and leaves `Reply::payload` empty; others ignore it, and host/ hands on the copy.
struct OutputSink {
    void (*take)(void* context, BytesView output) = nullptr;   ///< may throw: ends the guest's call
    void* context = nullptr;
    bool taken = false;
};

/// What comes back beside a value; filled on failure too, as far as it got.
struct Reply {
    Bytes payload;
    bool present = true;    ///< false: success without any response, where the ABI allows it
    OutputSink* sink = nullptr;   ///< given by the caller; usually null
    Value value;            ///< of ABIs that give a status number beside (W3bstream)
    std::string warning;    ///< e.g. a guest's error text beside its success
    std::any report;        ///< per call, typed in the ABI's public header, e.g. gas left
};

/// An export bound for values: looked up and type-checked once. `raw`: all types are Wasm numbers and the ABI adds nothing, so
/// host/ may go straight to `Store::call`, where the slots of the caller's signature suffice.
struct Bound {
    engine::FunctionRef function{};
    bool raw = false;
    Kind result = Kind::none;       ///< what the caller wants
    std::vector<ValType> params;    ///< Wasm types, for conversions
    std::vector<ValType> results;
    std::string name;
};

/// An ABI's side of one sandbox. Dies with the store; lives in host/ beside it. One thread at a time.
class Instance {
public:
    virtual ~Instance() = default;

    /// Start section and initialisers. Deadline, fuel and session are armed.
    virtual Result<void> start() = 0;

    /// An operation with a payload. Value ABIs keep the default, which says what to use instead.
    virtual Result<void> invoke(const Request& request, Reply& reply);

    /// Binds an export for values. `any` as a wanted result takes what the export gives; `nullopt` as params: what it has.
    /// Errors: `function_not_found`, `type_mismatch` naming the parameter, wanted and got. Message ABIs keep the default.
    virtual Result<Bound> bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result);

    /// Calls what `bind` gave, with as many arguments as it has parameters.
    virtual Result<Value> call(const Bound& bound, std::span<const ValueView> arguments, const Request& request, Reply& reply);
};

/// How host and guest exchange calls. Stateless; shared by all threads.
class Abi {
public:
    virtual ~Abi() = default;

    virtual const AbiInfo& info() const noexcept = 0;

    /// Why the module is this ABI's, for people, or nothing.
    virtual std::optional<std::string> recognise(const ModuleInfo& info) const = 0;

    /// The module inside a container of this ABI, or nothing if the bytes are none. Errors: a broken container; `unsupported`
    /// if the module in it has more than `most` bytes.
    virtual Result<std::optional<Bytes>> unwrap(BytesView bytes, std::uint64_t most) const;

    /// Checks exports and imports, rewrites where the ABI demands it, resolves what it knows. Errors: `missing_export`,
    /// `export_mismatch`, `import_mismatch`, `instrumentation_failed`, `unsupported`, `invalid_argument` (options). An import
    /// that it does not know stays empty: host/ offers it to WASI and reports it as `missing_import` otherwise.
    virtual Result<Prepared> prepare(const Source& source) const = 0;

    /// True if the ABI's own function behind this import only logs: a call of it leaves nothing that a guest could find again.
    virtual bool only_logs(const Import&) const noexcept { return false; }

    /// False where start-up belongs to each call: a started instance has nothing that its copies could begin with.
    virtual bool starts_instances() const noexcept { return true; }

    /// The ABI's side of an instance that is in the store but has run nothing. `info` is that of the module as compiled.
    virtual Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                                     engine::InstanceId instance, Session& session) const = 0;
};

}  // namespace mortise::abi
