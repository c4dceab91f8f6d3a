// Any text as JSON: what we take is JSON to another reader too; as MessagePack and back, and as a struct and back, it is the same.

#include <nlohmann/json.hpp>

#include "codec_sample.hpp"
#include "require.hpp"

namespace {

using namespace mortise;

constexpr codec::DecodeOptions kWide{.max_depth = 16, .max_elements = 100'000, .max_bytes = 1 << 22};

void check_transcoding(std::string_view text) {
    const auto packed = codec::msgpack_from_json(text, kSampleLimits);
    if (!packed) {
        MORTISE_REQUIRE(packed.error().code() == ErrorCode::decode);
        return;
    }
    MORTISE_REQUIRE(nlohmann::json::accept(text));
    const auto json = codec::json_from_msgpack(*packed, kWide);
    MORTISE_REQUIRE(json.has_value());
    const auto again = codec::msgpack_from_json(*json, kWide);
    MORTISE_REQUIRE(again && *again == *packed);
}

void check_struct(std::string_view text) {
    const auto value = codec::decode<Sample>(bytes_of(text), codec::Json{kSampleLimits});
    if (!value) {
        MORTISE_REQUIRE(value.error().code() == ErrorCode::decode);
        return;
    }
    MORTISE_REQUIRE(nlohmann::json::accept(text));
    const auto written = codec::encode(*value, codec::Json{kWide});
    if (!written) {   // a text that JSON's own escapes made something else than UTF-8
        MORTISE_REQUIRE(written.error().code() == ErrorCode::encode);
        return;
    }
    const auto second = codec::decode<Sample>(*written, codec::Json{kWide});
    MORTISE_REQUIRE(second.has_value());
    const auto written_again = codec::encode(*second, codec::Json{kWide});
    MORTISE_REQUIRE(written_again && *written_again == *written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(std::as_bytes(std::span(data, size)));
    check_transcoding(text);
    check_struct(text);
    return 0;
}
