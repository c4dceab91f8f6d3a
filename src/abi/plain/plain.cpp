#include "abi/plain/plain.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "abi/imports.hpp"

namespace mortise::abi {

namespace {

using engine::RawValue;
using engine::Stop;

bool is_number(ValType type) noexcept {
    return type == ValType::i32 || type == ValType::i64 || type == ValType::f32 || type == ValType::f64;
}

std::string parameter(std::size_t index, std::string_view function) {
    return "parameter " + std::to_string(index + 1) + " of \"" + std::string(function) + "\"";
}

Result<void> check_params(std::string_view name, const FunctionType& type, std::span<const Kind> kinds) {
    if (kinds.size() != type.params.size()) {
        return fail(ErrorCode::type_mismatch, "\"" + std::string(name) + "\" takes " + std::to_string(type.params.size()) +
                                                  " argument(s), got " + std::to_string(kinds.size()));
    }
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (kinds[i] == Kind::string || kinds[i] == Kind::bytes) {
            return fail(ErrorCode::abi_unknown, parameter(i, name) + " is a " + std::string(to_string(kinds[i])) +
                                                    ", but the module shows no ABI that says how text and bytes cross; name "
                                                    "one with the option abi");
        }
        if (!converts(kinds[i], type.params[i])) {
            return fail(ErrorCode::type_mismatch, parameter(i, name) + " is " + std::string(to_string(type.params[i])) +
                                                      ", got " + std::string(to_string(kinds[i])));
        }
    }
    return {};
}

Result<void> check_result(std::string_view name, const FunctionType& type, Kind wanted) {
    if (wanted == Kind::none) return {};
    for (std::size_t i = 0; i < type.results.size(); ++i) {
        if (is_number(type.results[i])) continue;
        const std::string which = type.results.size() == 1 ? "the result" : "result " + std::to_string(i + 1);
        return fail(ErrorCode::type_mismatch, which + " of \"" + std::string(name) + "\" is " + std::string(to_string(type.results[i])) +
                                                  ", which cannot be given here");
    }
    if (wanted == Kind::any) return {};
    if (wanted == Kind::string || wanted == Kind::bytes) {
        return fail(ErrorCode::abi_unknown, "asked \"" + std::string(name) + "\" for a " + std::string(to_string(wanted)) +
                                                ", but the module shows no ABI that says how text and bytes cross; name one "
                                                "with the option abi");
    }
    if (wanted == Kind::list) return {};
    if (type.results.size() == 1 && wasm_type(wanted) != type.results[0]) {
        return fail(ErrorCode::type_mismatch, "the result of \"" + std::string(name) + "\" is " + std::string(to_string(type.results[0])) +
                                                  ", asked for " + std::string(to_string(wanted)));
    }
    if (type.results.size() != 1) {
        return fail(ErrorCode::type_mismatch, "\"" + std::string(name) + "\" has type " + to_string(type) +
                                                  ", asked for one " + std::string(to_string(wanted)));
    }
    return {};
}

class PlainInstance final : public Instance {
public:
    PlainInstance(const ModuleInfo& info, engine::Store& store, engine::InstanceId id, Session& session)
        : info_(info), store_(store), id_(id), session_(session) {}

    Result<void> start() override {
        if (auto ran = run_start_section(session_, store_, id_); !ran) return ran;
        return run_initialiser(session_, store_, id_, info_, "_initialize");
    }

    Result<void> invoke(const Request& request, Reply&) override {
        return fail(ErrorCode::abi_unknown, "cannot send a payload to \"" + std::string(request.name) +
                                                "\": the module shows no ABI that says how; name one with the option abi");
    }

    Result<Bound> bind(std::string_view name, std::optional<std::span<const Kind>> params, Kind result) override {
        const FunctionType* type = info_.exported_function(name);
        const auto function = type != nullptr ? store_.function(id_, name) : std::nullopt;
        if (!function) return fail(ErrorCode::function_not_found, "the plugin exports no function \"" + std::string(name) + "\"");
        for (std::size_t i = 0; i < type->params.size(); ++i) {
            if (!is_number(type->params[i])) {
                return fail(ErrorCode::type_mismatch, parameter(i, name) + " is " + std::string(to_string(type->params[i])) +
                                                          ", which cannot cross from here");
            }
        }
        if (params) {
            if (auto fits = check_params(name, *type, *params); !fits) return fail(std::move(fits).error());
        }
        if (auto fits = check_result(name, *type, result); !fits) return fail(std::move(fits).error());
        Bound bound;
        bound.function = *function;
        bound.raw = params && exact(*params, *type);
        bound.result = result;
        bound.params = type->params;
        bound.results = type->results;
        bound.name = std::string(name);
        return bound;
    }

    Result<Value> call(const Bound& bound, std::span<const ValueView> arguments, const Request&, Reply&) override {
        std::array<RawValue, 16> few;
        std::vector<RawValue> many;
        if (bound.function.slots > few.size()) many.resize(bound.function.slots);
        RawValue* slots = bound.function.slots > few.size() ? many.data() : few.data();
        if (arguments.size() != bound.params.size()) {
            return fail(ErrorCode::type_mismatch, "\"" + bound.name + "\" takes " + std::to_string(bound.params.size()) +
                                                      " argument(s), got " + std::to_string(arguments.size()));
        }
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            auto slot = to_slot(arguments[i], bound.params[i], parameter(i, bound.name));
            if (!slot) return fail(std::move(slot).error());
            slots[i] = *slot;
        }
        const Stop stop = run(session_, store_, bound.function, slots, bound.function.slots);
        if (stop != Stop::done) return fail(error_of_stop(store_, stop));
        return results(bound, slots);
    }

private:
    // Every argument and the result are the Wasm types themselves, so that a call needs no conversion.
    static bool exact(std::span<const Kind> params, const FunctionType& type) noexcept {
        for (std::size_t i = 0; i < params.size(); ++i) {
            if (wasm_type(params[i]) != type.params[i]) return false;
        }
        return true;
    }

    static Result<Value> results(const Bound& bound, const RawValue* slots) {
        if (bound.result == Kind::none || bound.results.empty()) return Value();
        if (bound.results.size() == 1 && bound.result != Kind::list) return from_slot(slots[0], bound.results[0], bound.result);
        Value::List list;
        for (std::size_t i = 0; i < bound.results.size(); ++i) {
            auto value = from_slot(slots[i], bound.results[i], Kind::any);
            if (!value) return value;
            list.push_back(*std::move(value));
        }
        return Value(std::move(list));
    }

    const ModuleInfo& info_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
};

class Plain final : public Abi {
public:
    const AbiInfo& info() const noexcept override { return info_; }

    // Never recognised: it is what remains when no other ABI is.
    std::optional<std::string> recognise(const ModuleInfo&) const override { return std::nullopt; }

    Result<Prepared> prepare(const Source& source) const override {
        Prepared prepared;
        auto bindings = std::make_shared<NumericBindings>();
        for (const Import& import : source.info.imports) {
            auto& slot = prepared.imports.emplace_back();
            const detail::HostFn* function = find_host_function(source.host, import.module, import.name);
            if (function == nullptr) continue;
            auto bound = bindings->bind(import, *function, source.observed);
            if (!bound) return fail(std::move(bound).error());
            slot = *bound;
        }
        prepared.wasi.unstable = true;
        prepared.plan = std::move(bindings);
        return prepared;
    }

    Result<std::unique_ptr<Instance>> attach(const Prepared&, const ModuleInfo& info, engine::Store& store,
                                             engine::InstanceId id, Session& session) const override {
        return std::make_unique<PlainInstance>(info, store, id, session);
    }

private:
    AbiInfo info_{.name = "plain", .description = "Wasm numbers in and out; any module without the marks of another ABI"};
};

}  // namespace

std::unique_ptr<Abi> make_plain() { return std::make_unique<Plain>(); }

}  // namespace mortise::abi
