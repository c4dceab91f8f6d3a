#include "engines/wasm_c_api/probes.hpp"

#include <array>
#include <span>

namespace mortise::engines::wasm_c_api {
namespace {

template <class... Numbers>
constexpr auto module_of(Numbers... numbers) {
    return std::array{std::byte{0}, std::byte{'a'}, std::byte{'s'}, std::byte{'m'}, std::byte{1}, std::byte{0}, std::byte{0},
                      std::byte{0}, static_cast<std::byte>(numbers)...};
}

// Sections as number, size, content; a function is of type () -> () but where another is written out.
constexpr auto kMutableGlobals = module_of(6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b, 7, 5, 1, 1, 'g', 3, 0);
constexpr auto kSignExtension =
    module_of(1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 7, 1, 5, 0, 0x41, 0, 0xc0, 0x0b);
constexpr auto kSaturatingConversions =
    module_of(1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 11, 1, 9, 0, 0x43, 0, 0, 0, 0, 0xfc, 0, 0x0b);
constexpr auto kMultiValue =
    module_of(1, 6, 1, 0x60, 0, 2, 0x7f, 0x7f, 3, 2, 1, 0, 10, 8, 1, 6, 0, 0x41, 0, 0x41, 0, 0x0b);
constexpr auto kBulkMemory = module_of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 10, 13, 1, 11, 0, 0x41, 0, 0x41, 0,
                                       0x41, 0, 0xfc, 11, 0, 0x0b);
constexpr auto kReferenceTypes =
    module_of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 4, 4, 1, 0x70, 0, 1, 10, 9, 1, 7, 0, 0x41, 0, 0x25, 0, 0x1a, 0x0b);
constexpr auto kSimd = module_of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                 0, 0, 0, 0, 0, 0, 0x1a, 0x0b);
// i8x16.relaxed_swizzle
constexpr auto kRelaxedSimd = module_of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 44, 1, 42, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0,
                                        0, 0, 0, 0, 0, 0, 0, 0, 0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                        0xfd, 0x80, 2, 0x1a, 0x0b);
constexpr auto kTailCalls = module_of(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0x12, 0, 0x0b);
constexpr auto kMultiMemory = module_of(5, 5, 2, 0, 1, 0, 1);
constexpr auto kExtendedConst = module_of(6, 9, 1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b);

}  // namespace

BytesView probe_of(Feature feature) noexcept {
    switch (feature) {
        case Feature::mutable_globals: return kMutableGlobals;
        case Feature::sign_extension: return kSignExtension;
        case Feature::saturating_conversions: return kSaturatingConversions;
        case Feature::multi_value: return kMultiValue;
        case Feature::bulk_memory: return kBulkMemory;
        case Feature::reference_types: return kReferenceTypes;
        case Feature::simd: return kSimd;
        case Feature::relaxed_simd: return kRelaxedSimd;
        case Feature::tail_calls: return kTailCalls;
        case Feature::multi_memory: return kMultiMemory;
        case Feature::extended_const: return kExtendedConst;
        case Feature::threads:
        case Feature::memory64:
        case Feature::exceptions:
        case Feature::gc:
        case Feature::function_references: return {};
    }
    return {};
}

}  // namespace mortise::engines::wasm_c_api
