#include <array>

#include "abi/wapc/plan.hpp"
#include "base/text.hpp"

namespace mortise::abi::wapc {

namespace {

using engine::RawValue;
using engine::Stop;
using message::Frame;

class WapcInstance final : public Instance {
public:
    WapcInstance(const Plan& plan, engine::Store& store, engine::InstanceId instance, engine::FunctionRef guest_call,
                 const ModuleInfo& info, Session& session)
        : plan_(plan), info_(info), instance_(instance), guest_call_(guest_call), calls_(plan, store, instance, session) {
        store.abi = static_cast<message::Calls*>(&calls_);
    }

    Result<void> start() override {
        Bytes dropped;
        message::Calls::Call call(calls_, dropped);
        auto outcome = run_initialisers();
        const std::string& said = call.frame().error;
        if (!outcome) {
            if (!said.empty()) outcome.error().set_guest_message(said);
            return outcome;
        }
        started_ = true;
        if (!said.empty()) calls_.session().warn(base::concat("an error text that the guest set while starting was dropped: ", base::quoted(said)));
        return {};
    }

    Result<void> invoke(const Request& request, Reply& reply) override {
        if (!started_) [[unlikely]] {
            return fail(ErrorCode::not_reentrant, "the plugin is still starting: it can be called when its initialisers are done");
        }
        if (!message::fits(request)) [[unlikely]] return fail(message::too_long(request));
        message::Calls::Call call(calls_, reply.payload);
        Frame& frame = call.frame();
        frame.operation = request.name;
        frame.payload = request.payload;
        frame.has_request = true;
        frame.sink = reply.sink;

        std::array<RawValue, 2> slots;
        slots[0].i32 = static_cast<std::int32_t>(request.name.size());
        slots[1].i32 = static_cast<std::int32_t>(request.payload.size());
        const Stop stop = run(calls_.session(), calls_.store(), guest_call_, slots.data(), slots.size());
        if (stop != Stop::done) [[unlikely]] {
            reply.payload.clear();
            return fail(failure_of(calls_, frame, stop));
        }
        auto outcome = decide(slots[0].i32, frame, reply);
        if (!outcome) [[unlikely]] reply.payload.clear();
        return outcome;
    }

private:
    Result<void> run_initialisers() {
        if (auto ran = run_start_section(calls_.session(), calls_.store(), instance_); !ran) return ran;
        for (const std::string& name : plan_.initialisers) {
            if (auto ran = run_initialiser(calls_.session(), calls_.store(), instance_, info_, name); !ran) return ran;
        }
        return {};
    }

    // What the return code together with the recorded response and error text means.
    Result<void> decide(std::int32_t code, const Frame& frame, Reply& reply) const {
        const auto& options = plan_.options;
        const bool success = options.success_rule == SuccessRule::exactly_one ? code == 1 : code != 0;
        if (!success) return fail(message::guest_error(frame.error, frame.operation));
        reply.present = frame.has_response;
        if (frame.has_response && frame.error.empty()) [[likely]] return {};
        if (!frame.error.empty()) {
            if (!frame.has_response || options.response_and_error == ResponseAndError::error_wins) {
                return fail(message::guest_error(frame.error, frame.operation));
            }
            reply.warning = to_utf8_lossy(frame.error);
            return {};
        }
        if (options.missing_response == MissingResponse::empty) return {};
        return fail(ErrorCode::no_response,
                    base::concat("the guest's operation ", base::quoted(frame.operation), " succeeded without a response"));
    }

    const Plan& plan_;
    const ModuleInfo& info_;
    engine::InstanceId instance_;
    engine::FunctionRef guest_call_;
    WapcCalls calls_;
    bool started_ = false;
};

}  // namespace

std::unique_ptr<Instance> make_instance(const Plan& plan, engine::Store& store, engine::InstanceId instance,
                                        engine::FunctionRef guest_call, const ModuleInfo& info, Session& session) {
    return std::make_unique<WapcInstance>(plan, store, instance, guest_call, info, session);
}

}  // namespace mortise::abi::wapc
