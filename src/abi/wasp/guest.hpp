#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <mortise/abi/wasp.hpp>

#include "abi/abi.hpp"
#include "abi/wasp/free_set.hpp"

namespace mortise::abi::wasp {

/// The conventions of one guest's memory: its allocator, how text and bytes lie in it. All functions but the views may run
/// guest code, after which earlier views are dead.
class Guest {
public:
    Guest(const Options& options, const ModuleInfo& info, engine::Store& store, engine::InstanceId id, Session& session);

    /// Why text and bytes cannot be given to the guest, or nothing. Errors: `missing_export`, `export_mismatch`.
    Result<void> can_place() const {
        if (places_) [[likely]] return {};
        return why_not_place();
    }
    /// Why text, or bytes, cannot be read from the guest, or nothing. Errors: as above.
    Result<void> can_read_text() const {
        if (reads_text_) [[likely]] return {};
        return why_not_read_text();
    }
    Result<void> can_read_bytes() const {
        if (memory_) [[likely]] return {};
        return why_not_read_bytes();
    }

    /// Puts text or bytes into a block of the guest's own and notes it in `frees`. Gives its address. Errors: `bad_pointer`
    /// (what `allocate` gave), `memory_limit`, and what running the guest can give.
    Result<std::uint32_t> place(const ValueView& value, FreeSet& frees);

    /// Where a text of the guest lies, its length as the guest tells it: the view dies when the guest runs again.
    /// Errors: `bad_pointer`, `output_limit`.
    Result<std::string_view> read_text(std::uint32_t address, FreeSet& frees);
    Result<BytesView> read_bytes(std::uint32_t address, FreeSet& frees);

    /// Frees the blocks, unless the guest was cut short. A failure of `deallocate` is counted and told, the first one with its
    /// reason; one that cuts the guest short ends the freeing. Errors: only limits of the call itself (deadline, fuel,
    /// interrupt).
    Result<void> free(FreeSet& frees, std::uint32_t& failed);

    engine::GuestMemory memory() noexcept { return memory_ ? store_.view(*memory_) : engine::GuestMemory(); }

    void emit(Event event) const noexcept;
    bool heard() const noexcept { return static_cast<bool>(options_.on_event); }

private:
    struct Helper {
        std::optional<engine::FunctionRef> function;
        bool mismatch = false;   ///< exported, but as something else
    };
    Helper find(const ModuleInfo& info, std::string_view name, const FunctionType& type);
    Result<void> need(const Helper& helper, std::string_view name, std::string_view type, std::string_view purpose) const;
    Result<void> need_memory(std::string_view purpose) const;
    Result<void> why_not_place() const;
    Result<void> why_not_read_text() const;
    Result<void> why_not_read_bytes() const;

    /// A block inside the guest's memory, as memory is after the guest allocated it.
    struct Block {
        std::uint32_t address;
        engine::GuestMemory memory;
    };
    Result<Block> allocate(std::uint64_t size);
    Error no_block(std::uint64_t size, std::uint32_t address);
    Result<void> note(FreeSet& frees, std::uint32_t address, std::uint64_t size, bool from_guest);
    void write_text(engine::GuestMemory memory, std::uint32_t address, std::string_view text) noexcept;
    Result<void> free_block(FreeSet::Block block);
    void cannot_free(std::string_view why) noexcept;

    const Options& options_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
    std::optional<engine::MemoryRef> memory_;
    Helper allocate_;
    Helper deallocate_;
    Helper get_string_size_;
    bool places_ = false;       // what `can_place` and `can_read_text` say
    bool reads_text_ = false;
};

}  // namespace mortise::abi::wasp
