#include "cli/json_lines.hpp"

#include <unistd.h>

#include <cerrno>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include "cli/exit_status.hpp"
#include "cli/line_reader.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/request.hpp"

namespace mortise::cli {

namespace {

class Server {
public:
    Server(const Plugin& plugin, Recorder& recorder, const Services& services, const std::optional<Signature>& types,
           const CallSettings& settings)
        : plugin_(plugin), recorder_(recorder), services_(services), types_(types), settings_(settings) {}

    Outcome serve(std::string_view line) {
        auto request = parse_request(line);
        if (!request) return failure(std::move(request).error());
        const bool fresh = request->fresh;
        auto call = make_call(plugin_, *std::move(request), types_);
        if (!call) return failure(std::move(call).error());
        if (call->reset_state) services_.reset_state();
        return fresh ? serve_fresh(*call) : serve_shared(*call);
    }

    Outcome failure(Error error) {
        Outcome outcome;
        outcome.ended = fail(std::move(error));
        outcome.recording = recorder_.take();
        if (shared_) outcome.memory_bytes = shared_->usage().memory_bytes;
        return outcome;
    }

private:
    Outcome serve_fresh(const Call& call) {
        auto instance = plugin_.instantiate();
        if (!instance) return failure(std::move(instance).error());
        return perform(*instance, plugin_, call, &recorder_, settings_);
    }

    // Made by the first request, so that what start-up does belongs to that one; tried again as long as it fails.
    Outcome serve_shared(const Call& call) {
        if (!shared_) {
            auto instance = plugin_.instantiate();
            if (!instance) return failure(std::move(instance).error());
            shared_ = *std::move(instance);
        }
        return perform(*shared_, plugin_, call, &recorder_, settings_);
    }

    const Plugin& plugin_;
    Recorder& recorder_;
    const Services& services_;
    const std::optional<Signature>& types_;
    const CallSettings& settings_;
    std::optional<Instance> shared_;
};

// The outcome as a line; a request that needs more memory than there is fails alone.
std::string answer(Server& server, LineReader::Got got, std::string_view line) {
    try {
        if (got == LineReader::Got::too_long) {
            const std::string most = std::to_string(kLongestLine);
            return to_line(outcome_to_json(server.failure(Error(ErrorCode::invalid_argument, "the line has more than " + most + " bytes"))));
        }
        return to_line(outcome_to_json(server.serve(line)));
    } catch (const std::bad_alloc&) {
        return to_line(failure_to_json(Error(ErrorCode::io, "out of memory")));
    }
}

}  // namespace

int serve_requests(const Plugin& plugin, Recorder& recorder, const Services& services, const std::optional<Signature>& types,
                   const CallSettings& settings) {
    Server server(plugin, recorder, services, types, settings);
    LineReader reader(STDIN_FILENO, kLongestLine);
    std::string line;
    for (;;) {
        const auto got = reader.next(line);
        if (got == LineReader::Got::end) return kDone;
        if (got == LineReader::Got::failed) {
            return report("cannot read stdin", Error(ErrorCode::io, std::generic_category().message(errno)));
        }
        std::string outcome = answer(server, got, line);
        outcome += '\n';
        if (const int status = print(outcome); status != kDone) return status;
    }
}

}  // namespace mortise::cli
