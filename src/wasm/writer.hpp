#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <mortise/bytes.hpp>

#include "wasm/opcodes.hpp"

namespace mortise::wasm {

/// Puts a binary together.
class Writer {
public:
    void u8(std::uint8_t byte) { out_.push_back(static_cast<std::byte>(byte)); }
    void u32(std::uint32_t number) { unsigned_leb(number); }
    void u64(std::uint64_t number) { unsigned_leb(number); }
    void s32(std::int32_t number) { s64(number); }
    void s64(std::int64_t number);
    void bytes(BytesView content) { out_.insert(out_.end(), content.begin(), content.end()); }

    /// A length and as many bytes.
    void sized(BytesView content);
    void name(std::string_view text) { sized(bytes_of(text)); }

    /// An opcode with its prefix, without immediates.
    void opcode(Opcode opcode);

    void reserve(std::size_t size) { out_.reserve(size); }
    std::size_t size() const noexcept { return out_.size(); }
    BytesView view() const noexcept { return out_; }
    void clear() noexcept { out_.clear(); }
    Bytes take() noexcept { return std::move(out_); }

private:
    void unsigned_leb(std::uint64_t number);
    Bytes out_;
};

}  // namespace mortise::wasm
