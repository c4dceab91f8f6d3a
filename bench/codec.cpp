// A struct of five fields as MessagePack: codec::msgpack beside msgpack-cxx called by hand. Ratios of the medians at the end:
// bench_codec --benchmark_repetitions=15 --benchmark_enable_random_interleaving=true
#define MSGPACK_NO_BOOST 1
#include <msgpack.hpp>

#include <mortise/codec.hpp>

#include "support/ratios.hpp"

namespace {

struct Reading {
    std::uint64_t device = 0;
    std::string place;
    double value = 0;
    bool good = false;
    std::vector<std::int32_t> recent;
};

Reading sample() { return {.device = 1'234'567, .place = "north tower", .value = 21.375, .good = true, .recent = {1, 200, -70'000}}; }

void pack_by_hand(msgpack::sbuffer& out, const Reading& reading) {
    msgpack::packer<msgpack::sbuffer> packer(out);
    packer.pack_map(5);
    packer.pack_str(6).pack_str_body("device", 6).pack(reading.device);
    packer.pack_str(5).pack_str_body("place", 5).pack(reading.place);
    packer.pack_str(5).pack_str_body("value", 5).pack(reading.value);
    packer.pack_str(4).pack_str_body("good", 4).pack(reading.good);
    packer.pack_str(6).pack_str_body("recent", 6).pack(reading.recent);
}

Reading unpack_by_hand(const char* data, std::size_t size) {
    Reading out;
    const auto handle = msgpack::unpack(data, size);
    const auto& map = handle.get().via.map;
    for (const auto* entry = map.ptr; entry != map.ptr + map.size; ++entry) {
        const std::string_view key(entry->key.via.str.ptr, entry->key.via.str.size);
        if (key == "device") entry->val.convert(out.device);
        else if (key == "place") entry->val.convert(out.place);
        else if (key == "value") entry->val.convert(out.value);
        else if (key == "good") entry->val.convert(out.good);
        else if (key == "recent") entry->val.convert(out.recent);
    }
    return out;
}

void encode_mortise(benchmark::State& state) {
    const Reading reading = sample();
    mortise::Bytes out;
    for (auto _ : state) {
        out.clear();
        if (!mortise::codec::msgpack.encode(reading, out)) state.SkipWithError("encode");
        benchmark::DoNotOptimize(out.data());
    }
}

void encode_bare(benchmark::State& state) {
    const Reading reading = sample();
    msgpack::sbuffer out;
    for (auto _ : state) {
        out.clear();
        pack_by_hand(out, reading);
        benchmark::DoNotOptimize(out.data());
    }
}

void decode_mortise(benchmark::State& state) {
    const auto bytes = *mortise::codec::encode(sample(), mortise::codec::msgpack);
    for (auto _ : state) {
        auto reading = mortise::codec::decode<Reading>(bytes, mortise::codec::msgpack);
        if (!reading) state.SkipWithError("decode");
        benchmark::DoNotOptimize(reading);
    }
}

void decode_bare(benchmark::State& state) {
    msgpack::sbuffer packed;
    pack_by_hand(packed, sample());
    for (auto _ : state) {
        auto reading = unpack_by_hand(packed.data(), packed.size());
        benchmark::DoNotOptimize(reading);
    }
}

BENCHMARK(encode_mortise);
BENCHMARK(encode_bare);
BENCHMARK(decode_mortise);
BENCHMARK(decode_bare);

}  // namespace

int main(int argc, char** argv) { return bench::Ratios::main(argc, argv); }
