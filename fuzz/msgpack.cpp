// Any bytes as MessagePack: as JSON and back they are the same JSON; as a struct and back they are the same struct; what neither
// takes is refused with an error of its own kind.

#include <span>

#include "codec_sample.hpp"
#include "require.hpp"

namespace {

using namespace mortise;

void check_transcoding(BytesView input) {
    const auto json = codec::json_from_msgpack(input, kSampleLimits);
    codec::MsgPackReader reader(input, kSampleLimits);
    const bool skipped = reader.begin() && reader.skip() && reader.finish();
    if (!json) {
        MORTISE_REQUIRE(json.error().code() == ErrorCode::decode);
        return;
    }
    MORTISE_REQUIRE(skipped);
    MORTISE_REQUIRE(is_utf8(*json));
    // The text may be longer and deeper than the bytes: binary becomes an object.
    const codec::DecodeOptions wide{.max_depth = 16, .max_elements = 10'000, .max_bytes = 1 << 20};
    const auto packed = codec::msgpack_from_json(*json, wide);
    MORTISE_REQUIRE(packed.has_value());
    const auto again = codec::json_from_msgpack(*packed, wide);
    MORTISE_REQUIRE(again && *again == *json);
}

void check_struct(BytesView input) {
    const codec::MsgPack strict{kSampleLimits};
    const auto value = codec::decode<Sample>(input, strict);
    if (!value) {
        MORTISE_REQUIRE(value.error().code() == ErrorCode::decode);
        return;
    }
    const codec::MsgPack wide{{.max_depth = 16, .max_elements = 100'000, .max_bytes = 1 << 22}};
    const auto packed = codec::encode(*value, wide);
    MORTISE_REQUIRE(packed.has_value());
    const auto second = codec::decode<Sample>(*packed, wide);
    MORTISE_REQUIRE(second.has_value());
    const auto packed_again = codec::encode(*second, wide);
    MORTISE_REQUIRE(packed_again && *packed_again == *packed);
}

void check_ignored_rest(BytesView input) {
    codec::DecodeOptions options = kSampleLimits;
    options.trailing = codec::Trailing::ignored;
    const bool all = codec::decode<std::vector<std::string>>(input, codec::MsgPack{kSampleLimits}).has_value();
    const bool front = codec::decode<std::vector<std::string>>(input, codec::MsgPack{options}).has_value();
    MORTISE_REQUIRE(!all || front);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    check_transcoding(input);
    check_struct(input);
    check_ignored_rest(input);
    return 0;
}
