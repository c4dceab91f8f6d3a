#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include <mortise/abi/w3bstream.hpp>
#include <mortise/bytes.hpp>

namespace mortise::abi::w3bstream {

/// Data under ids during one event. Views that it gives stay valid until `clear`, whatever is stored meanwhile. Buffers are used
/// again by later events.
class ResourceTable {
public:
    /// Lends the event's payload; valid until `clear`.
    void lend(std::uint32_t rid, BytesView payload);

    /// Stores a copy. False if the event would hold more than `most_bytes`, or 65,536 resources.
    bool set(std::uint32_t rid, BytesView bytes, std::uint64_t most_bytes);

    std::optional<BytesView> find(std::uint32_t rid) const noexcept;

    /// While something of it is being handed to the guest, whose allocator may store anew: `set` then leaves old bytes alone.
    void pin() noexcept { ++pins_; }
    void unpin() noexcept { --pins_; }

    void clear() noexcept;

    /// Moves out what `set` stored, and what was lent if `set` replaced it.
    Resources take();

private:
    struct Entry {
        std::uint32_t rid = 0;
        bool lent = false;
        BytesView view;
        Bytes owned;
    };
    Entry* entry(std::uint32_t rid) noexcept;
    Entry& add(std::uint32_t rid);

    std::vector<Entry> entries_;   // those in use first
    std::size_t used_ = 0;
    std::uint64_t bytes_ = 0;
    std::uint32_t pins_ = 0;
    std::vector<Bytes> retired_;
    std::unordered_map<std::uint32_t, std::size_t> index_;   // only where there are too many for a search
};

}  // namespace mortise::abi::w3bstream
