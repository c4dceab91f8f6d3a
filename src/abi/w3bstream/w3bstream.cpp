#include "abi/w3bstream/w3bstream.hpp"

#include <algorithm>
#include <array>

#include "abi/w3bstream/applet.hpp"
#include "base/text.hpp"

namespace mortise::abi {

namespace w3bstream {

namespace {

constexpr std::array kOldestImports = {std::string_view("log"), std::string_view("get_data"), std::string_view("set_data"),
                                       std::string_view("get_db"), std::string_view("set_db")};

std::optional<std::string> recognise(const ModuleInfo& info) {
    const Import* oldest = nullptr;
    for (const Import& import : info.imports) {
        if (import.module == "stat") return base::concat("imports from \"stat\": \"", import.name, "\"");
        if (import.module != "env" || import.kind != ExternKind::function) continue;
        if (import.name.starts_with("ws_")) return base::concat("imports \"env\" \"", import.name, "\"");
        if (oldest == nullptr && std::find(kOldestImports.begin(), kOldestImports.end(), import.name) != kOldestImports.end()) oldest = &import;
    }
    if (oldest == nullptr) return std::nullopt;
    const FunctionType* start = info.exported_function("start");
    const bool allocates = info.exported_function("alloc") != nullptr || info.exported_function("malloc") != nullptr;
    if (!allocates || start == nullptr || *start != FunctionType{{ValType::i32}, {ValType::i32}}) return std::nullopt;
    return base::concat("imports \"env\" \"", oldest->name, "\", exports an allocator and the handler \"start\"");
}

const Builtin* assemblyscript_import(const Import& import) {
    using enum ValType;
    static const std::array<Builtin, 3> kBuiltins = {{
        {.name = "abort", .type = {{i32, i32, i32, i32}, {}}, .call = &import_abort},
        {.name = "trace", .type = {{i32, i32, f64, f64, f64, f64, f64}, {}}, .call = &import_trace},
        {.name = "seed", .type = {{}, {f64}}, .call = &import_seed},
    }};
    for (const Builtin& builtin : kBuiltins) {
        if (import.module == "env" && builtin.name == import.name) return &builtin;
    }
    return nullptr;
}

// Whether a function of the embedder's takes and gives what the import's row says.
bool replaces(const detail::HostFn& function, const Row& row) {
    std::size_t at = 0;
    const auto bytes = [](Kind kind) { return kind == Kind::string || kind == Kind::bytes; };
    const auto number = [](Kind kind) { return wasm_type(kind) && kind != Kind::f32 && kind != Kind::f64; };
    for (const char c : row.shape) {
        if (c == 'o') continue;
        if (at == function.params.size() || !(c == 'n' ? number(function.params[at]) : bytes(function.params[at]))) return false;
        ++at;
    }
    if (at != function.params.size() || row.shape.ends_with("oo")) return false;
    if (row.shape.ends_with('o')) return bytes(function.result);
    if (row.returns == Returns::value) return number(function.result);
    return function.result == Kind::none || (row.returns == Returns::code && number(function.result));
}

Result<std::shared_ptr<Services>> services_of(const std::any& given) {
    if (!given.has_value()) return std::make_shared<MemoryServices>();
    std::shared_ptr<Services> services;
    if (const auto* base = std::any_cast<std::shared_ptr<Services>>(&given)) services = *base;
    else if (const auto* memory = std::any_cast<std::shared_ptr<MemoryServices>>(&given)) services = *memory;
    if (services != nullptr) return services;
    return fail(ErrorCode::invalid_argument, "the services of a W3bstream applet are a std::shared_ptr<w3bstream::Services>, not null");
}

Result<void> check_exports(const ModuleInfo& info, const Options& options) {
    const Export* memory = info.find_export("memory");
    if (memory == nullptr) return fail(ErrorCode::missing_export, "the applet exports no memory \"memory\"");
    if (memory->kind != ExternKind::memory) {
        return fail(ErrorCode::export_mismatch, base::concat("export \"memory\" is a ", to_string(memory->kind), ", wanted a memory"));
    }
    static const std::vector<std::string> kDefault{"start"};
    for (const std::string& name : options.handlers.empty() ? kDefault : options.handlers) {
        const Export* exported = info.find_export(name);
        if (exported == nullptr) continue;   // told when an event comes, as the protocol has it
        const FunctionType* type = info.exported_function(name);
        if (type != nullptr && is_handler(*type)) continue;
        return fail(ErrorCode::export_mismatch,
                    base::concat("handler ", base::quoted(name), type == nullptr ? " is a " : " has type ",
                                 type == nullptr ? std::string(to_string(exported->kind)) : to_string(*type),
                                 ", wanted (i32) -> i32 or (i32 i32) -> i32"));
    }
    return {};
}

// The types under which a name is known, for the error about another one.
std::string known_types(const Import& import) {
    std::string out;
    for (const Row& row : table()) {
        if (row.module == import.module && row.name == import.name) out += base::concat(out.empty() ? "" : " or ", to_string(type_of(row)));
    }
    return out;
}

Result<std::optional<engine::Resolved>> resolve(const Import& import, const Source& source, Plan& plan) {
    using Binding = std::optional<engine::Resolved>;
    const Row* row = find_row(import);
    const auto& functions = source.host.functions();
    const detail::HostFn* other = nullptr;
    for (auto it = functions.rbegin(); it != functions.rend(); ++it) {
        if (it->module != import.module || it->name != import.name) continue;
        if (row != nullptr && replaces(*it, *row)) {
            plan.sites.push_back(std::make_unique<Site>(Site{row, &*it}));
            return Binding(engine::HostImport{&import_called, plan.sites.back().get()});
        }
        if (other == nullptr) other = &*it;
    }
    if (other != nullptr) {
        auto bound = plan.numeric.bind(import, *other, source.observed);
        if (!bound) return fail(std::move(bound).error());
        return Binding(*bound);
    }
    if (row != nullptr && (!row->document || plan.options.document_names)) {
        plan.sites.push_back(std::make_unique<Site>(Site{row, nullptr}));
        return Binding(engine::HostImport{&import_called, plan.sites.back().get()});
    }
    if (const Builtin* builtin = assemblyscript_import(import)) {
        if (auto fits = check_import_type(import, builtin->type); !fits) return fail(std::move(fits).error());
        return Binding(engine::HostImport{builtin->call, nullptr});
    }
    const std::string known = row == nullptr ? known_types(import) : std::string();
    if (known.empty()) return Binding();
    if (import.kind != ExternKind::function) {
        return fail(ErrorCode::import_mismatch, base::concat(describe(import), " is a ", to_string(import.kind),
                                                             ", the host provides a function ", known));
    }
    return fail(ErrorCode::import_mismatch, base::concat(describe(import), " has type ", to_string(import.function),
                                                         ", the host provides ", known));
}

class W3bstream final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    std::optional<std::string> recognise(const ModuleInfo& info) const override { return w3bstream::recognise(info); }

    Result<Prepared> prepare(const Source& source) const override { return w3bstream::prepare(source); }

    Result<std::unique_ptr<Instance>> attach(const Prepared& prepared, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId instance, Session& session) const override {
        auto applet = std::make_unique<Applet>(*static_cast<const Plan*>(prepared.plan.get()), info, store, instance, session);
        store.abi = static_cast<Instance*>(applet.get());
        return applet;
    }

private:
    AbiInfo info_{.name = "w3bstream",
                  .description = "W3bstream applets: events whose data is a resource, everything else through imports",
                  .form = AbiForm::both,
                  .policy = InstancePolicy::fresh,
                  .nested_calls = false};
};

}  // namespace

Result<Prepared> prepare(const Source& source) {
    auto plan = std::make_shared<Plan>();
    if (source.options.has_value()) {
        const auto* options = std::any_cast<Options>(&source.options);
        if (options == nullptr) return fail(ErrorCode::invalid_argument, "the options of a W3bstream applet are w3bstream::Options");
        plan->options = *options;
    }
    auto services = services_of(source.host.services());
    if (!services) return fail(std::move(services).error());
    plan->services = *std::move(services);
    if (auto fits = check_exports(source.info, plan->options); !fits) return fail(std::move(fits).error());

    Prepared prepared;
    for (const Import& import : source.info.imports) {
        auto resolved = resolve(import, source, *plan);
        if (!resolved) return fail(std::move(resolved).error());
        prepared.imports.push_back(*std::move(resolved));
    }
    prepared.wasi.empty_configuration = true;
    prepared.plan = std::move(plan);
    return prepared;
}

}  // namespace w3bstream

std::unique_ptr<Abi> make_w3bstream() { return std::make_unique<w3bstream::W3bstream>(); }

}  // namespace mortise::abi
