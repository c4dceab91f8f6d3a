#include <array>

#include "abi/hookr/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::hookr {

namespace {

using engine::RawValue;
using engine::Stop;
using message::Calls;
using message::Frame;

class HookrInstance final : public Instance {
public:
    HookrInstance(const Plan& plan, engine::Store& store, engine::InstanceId instance, engine::FunctionRef entry,
                  const ModuleInfo& info, Session& session)
        : plan_(plan), info_(info), instance_(instance), entry_(entry), calls_(plan, store, instance, session) {
        store.abi = static_cast<Calls*>(&calls_);
    }

    Result<void> start() override {
        // The start section runs without a call: the protocol's functions do nothing there.
        auto ran = run_start_section(calls_.session(), calls_.store(), instance_);
        if (!ran && !calls_.stray_error().empty()) ran.error().set_guest_message(calls_.stray_error());
        if (!ran) return ran;
        for (const std::string_view name : plan_.initialisers) {
            if (auto done = initialise(name); !done) return done;
        }
        started_ = true;
        return {};
    }

    Result<void> invoke(const Request& request, Reply& reply) override {
        if (!started_) [[unlikely]] {
            return fail(ErrorCode::not_reentrant, "the plugin is still starting: it can be called when its initialisers are done");
        }
        if (!message::fits(request)) [[unlikely]] return fail(message::too_long(request));
        Calls::Call call(calls_, reply.payload);
        Frame& frame = call.frame();
        frame.operation = request.name;
        frame.payload = request.payload;
        frame.has_request = true;
        frame.sink = reply.sink;

        std::array<RawValue, 2> slots;
        slots[0].i32 = static_cast<std::int32_t>(request.name.size());
        slots[1].i32 = static_cast<std::int32_t>(request.payload.size());
        const Stop stop = run(calls_.session(), calls_.store(), entry_, slots.data(), slots.size());
        if (stop != Stop::done) [[unlikely]] {
            reply.payload.clear();
            return fail(failure_of(calls_, frame, stop));
        }
        auto outcome = decide(slots[0].i32, frame, reply);
        if (!outcome) [[unlikely]] reply.payload.clear();
        return outcome;
    }

private:
    Result<void> initialise(std::string_view name) {
        Bytes dropped;
        Calls::Call call(calls_, dropped);
        Frame& frame = call.frame();
        frame.operation = name;
        frame.payload = {};
        frame.has_request = plan_.options.initialiser_request == InitialiserRequest::operation_name;
        auto ran = run_initialiser(calls_.session(), calls_.store(), instance_, info_, name);
        if (frame.error.empty()) return ran;
        if (!ran) {
            ran.error().set_guest_message(frame.error);
        } else {
            calls_.session().warn(base::concat("an error text that the guest set in ", name, " was dropped: ", base::quoted(frame.error)));
        }
        return ran;
    }

    // The error text decides before the return code, unless the options have it the other way round.
    Result<void> decide(std::int32_t code, const Frame& frame, Reply& reply) const {
        const bool failed = code != 1 || (plan_.options.error_beats_success && !frame.error.empty());
        if (failed) [[unlikely]] return fail(message::guest_error(frame.error, frame.operation));
        reply.present = frame.has_response;
        if (!frame.error.empty()) reply.warning = to_utf8_lossy(frame.error);
        return {};
    }

    const Plan& plan_;
    const ModuleInfo& info_;
    engine::InstanceId instance_;
    engine::FunctionRef entry_;
    HookrCalls calls_;
    bool started_ = false;
};

}  // namespace

std::unique_ptr<Instance> make_instance(const Plan& plan, engine::Store& store, engine::InstanceId instance,
                                        engine::FunctionRef entry, const ModuleInfo& info, Session& session) {
    return std::make_unique<HookrInstance>(plan, store, instance, entry, info, session);
}

}  // namespace mortise::abi::hookr
