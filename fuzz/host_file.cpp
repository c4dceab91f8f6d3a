// Any text as a host file: read or refused in one line; every entry answers any call with a value of the kind asked for, or says why not.

#include <array>
#include <string>

#include "cli/host_file.hpp"
#include "cli/host_reply.hpp"
#include "require.hpp"

namespace {

using namespace mortise;
using namespace mortise::cli;

constexpr std::array kKinds = {Kind::none, Kind::i32, Kind::u32, Kind::i64, Kind::u64, Kind::f32, Kind::f64, Kind::boolean, Kind::string, Kind::bytes};

void check_values(const HostEntry& entry, std::span<const ValueView> arguments) {
    for (const Kind kind : kKinds) {
        const auto value = reply_value(entry, arguments, kind);
        if (value) MORTISE_REQUIRE(value->kind() == kind);
        else MORTISE_REQUIRE(!value.error().message().empty());
    }
}

void check_bytes(const HostEntry& entry, std::span<const ValueView> arguments) {
    Bytes reply = copy_bytes("left over");
    const auto answered = reply_bytes(entry, arguments, reply);
    if (std::holds_alternative<ErrorReply>(entry.reply)) MORTISE_REQUIRE(!answered);
    if (const auto* fixed = std::get_if<BytesReply>(&entry.reply)) MORTISE_REQUIRE(answered && *answered && reply == fixed->bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto file = parse_host_file(text);
    if (!file) {
        MORTISE_REQUIRE(file.error().code() == ErrorCode::invalid_argument);
        MORTISE_REQUIRE(file.error().message().find('\n') == std::string::npos);
        return 0;
    }
    const std::string payload = "payload ${0} \xff";
    const std::array<ValueView, 3> mixed{ValueView(payload), ValueView(std::int32_t{-7}), ValueView(2.5)};
    const std::array<ValueView, 1> message{ValueView(bytes_of(payload))};
    for (std::size_t i = 0; i < file->size(); ++i) {
        const HostEntry& entry = (*file)[i];
        MORTISE_REQUIRE(entry.number == i + 1);
        MORTISE_REQUIRE(!entry.types || entry.types->results.size() <= 1);
        check_values(entry, mixed);
        check_values(entry, {});
        check_bytes(entry, message);
        check_bytes(entry, {});
        fill_in(text, mixed);
    }
    return 0;
}
