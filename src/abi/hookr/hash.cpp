#include <mortise/abi/hookr.hpp>

#include "base/text.hpp"

namespace mortise::abi::hookr {

namespace {

unsigned char folded(char c, HashCase hash_case) noexcept {
    const bool upper = c >= 'A' && c <= 'Z';
    return static_cast<unsigned char>(upper && hash_case == HashCase::insensitive ? c - 'A' + 'a' : c);
}

// Every character is looked at, whatever came before: the time tells nothing but the length.
bool same(std::string_view a, std::string_view b, HashCase hash_case) noexcept {
    if (a.size() != b.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(folded(a[i], hash_case) ^ folded(b[i], hash_case));
    return difference == 0;
}

}  // namespace

Result<void> check_hash(std::optional<std::string_view> expected, std::optional<std::string_view> computed, HashCase hash_case) {
    if (expected && expected->empty()) expected.reset();
    if (!expected && !computed) return {};
    if (!computed) {
        return fail(ErrorCode::digest_mismatch, base::concat("the hash ", base::quoted(*expected), " is expected, but no hasher is chosen"));
    }
    if (!expected) return fail(ErrorCode::digest_mismatch, base::concat("the hash is ", base::quoted(*computed), ", but none is expected"));
    if (same(*expected, *computed, hash_case)) return {};
    return fail(ErrorCode::digest_mismatch,
                base::concat("the hash is ", base::quoted(*computed), ", expected ", base::quoted(*expected)));
}

}  // namespace mortise::abi::hookr
