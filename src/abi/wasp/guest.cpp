#include "abi/wasp/guest.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/text.hpp"

namespace mortise::abi::wasp {

using base::concat;
using engine::GuestMemory;
using engine::RawValue;
using engine::Stop;

namespace {

// Different addresses that one call may leave to be freed: as many as could be told of with the limit on its output.
std::size_t most_blocks(const Limits& limits) noexcept { return static_cast<std::size_t>(limits.output_bytes / 16) + 64; }

}  // namespace

Guest::Guest(const Options& options, const ModuleInfo& info, engine::Store& store, engine::InstanceId id, Session& session)
    : options_(options), store_(store), id_(id), session_(session) {
    memory_ = store.memory(id, "memory");
    allocate_ = find(info, "allocate", {{ValType::i32}, {ValType::i32}});
    deallocate_ = find(info, "deallocate", {{ValType::i32, ValType::i32}, {}});
    get_string_size_ = find(info, "get_string_size", {{ValType::i32}, {ValType::i32}});
    places_ = memory_ && allocate_.function;
    reads_text_ = memory_ && get_string_size_.function;
}

Guest::Helper Guest::find(const ModuleInfo& info, std::string_view name, const FunctionType& type) {
    Helper helper;
    const FunctionType* found = info.exported_function(name);
    if (found != nullptr && *found == type) helper.function = store_.function(id_, name);
    else helper.mismatch = info.find_export(name) != nullptr;
    return helper;
}

Result<void> Guest::need(const Helper& helper, std::string_view name, std::string_view type, std::string_view purpose) const {
    if (helper.function) return {};
    if (helper.mismatch) return fail(ErrorCode::export_mismatch, concat("export \"", name, "\" is not of type ", type, ", ", purpose));
    return fail(ErrorCode::missing_export, concat("the plugin exports no function \"", name, "\", ", purpose));
}

Result<void> Guest::need_memory(std::string_view purpose) const {
    if (memory_) return {};
    return fail(ErrorCode::missing_export, concat("the plugin exports no memory \"memory\", ", purpose));
}

Result<void> Guest::why_not_place() const {
    if (auto found = need(allocate_, "allocate", "(i32) -> i32", "which wasp needs to pass text or bytes"); !found) return found;
    return need_memory("through which wasp passes text and bytes");
}

Result<void> Guest::why_not_read_text() const {
    if (auto found = need(get_string_size_, "get_string_size", "(i32) -> i32", "which wasp needs to read text"); !found) return found;
    return need_memory("from which wasp reads text");
}

Result<void> Guest::why_not_read_bytes() const { return need_memory("from which wasp reads bytes"); }

Result<Guest::Block> Guest::allocate(std::uint64_t size) {
    if (size > UINT32_MAX || size > session_.limits->memory_bytes) {
        return fail(ErrorCode::memory_limit, concat("a block of ", size, " bytes is more than the guest may have"));
    }
    RawValue slot{};
    slot.i32 = static_cast<std::int32_t>(static_cast<std::uint32_t>(size));
    const Stop stop = run(session_, store_, *allocate_.function, &slot, 1);
    if (stop != Stop::done) [[unlikely]] {
        return fail(error_of_stop(store_, stop).add_context(concat("while the guest allocated ", size, " bytes")));
    }
    const auto address = static_cast<std::uint32_t>(slot.i32);
    const GuestMemory memory = this->memory();
    if (address == 0 || !memory.contains(address, size)) [[unlikely]] return fail(no_block(size, address));
    if (heard()) {
        emit({.what = Event::What::block_allocated, .address = address, .size = static_cast<std::uint32_t>(size)});
    }
    return Block{address, memory};
}

Error Guest::no_block(std::uint64_t size, std::uint32_t address) {
    const std::string called = concat("allocate(", size, ")");
    if (store_.growth_was_refused()) {
        store_.clear_refused_growth();
        return Error(ErrorCode::memory_limit, called + " found no memory: a growth was refused at the limit");
    }
    if (address == 0) return Error(ErrorCode::bad_pointer, called + " returned 0");
    return Error(ErrorCode::bad_pointer, concat(called, " returned ", address, ", a block beyond the guest's memory of ",
                                                memory().size(), " bytes"));
}

Result<void> Guest::note(FreeSet& frees, std::uint32_t address, std::uint64_t size, bool from_guest) {
    if (from_guest && options_.free_strings == FreeStrings::arguments_only) return {};
    if (frees.add(address, static_cast<std::uint32_t>(size), most_blocks(*session_.limits))) return {};
    return fail(ErrorCode::output_limit, "the guest handed out more blocks in one call than the limit on output (output_bytes) allows");
}

// The original host went through the characters of a text, wrote each one's low 8 bits where the character began, and put the
// NUL one byte too late.
void Guest::write_text(GuestMemory memory, std::uint32_t address, std::string_view text) noexcept {
    const std::uint64_t end = std::uint64_t{address} + text.size();
    if (options_.string_copy == StringCopy::fixed) [[likely]] {
        memory.write(address, bytes_of(text));
        memory.store<std::uint8_t>(end, 0);
        return;
    }
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
        if (lead >= 0x80 && (i + length > text.size() || !is_utf8(text.substr(i, length)))) length = 0;
        std::uint32_t code = length == 1 ? lead : length == 0 ? 0xFFFDu : lead;
        for (std::size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
        memory.store<std::uint8_t>(std::uint64_t{address} + i, static_cast<std::uint8_t>(code));
        i += length == 0 ? 1 : length;
    }
    memory.store<std::uint8_t>(end + 1, 0);
}

Result<std::uint32_t> Guest::place(const ValueView& value, FreeSet& frees) {
    if (auto possible = can_place(); !possible) return fail(std::move(possible).error());
    const bool text = value.kind() == Kind::string;
    const std::uint64_t length = text ? value.text().size() : value.bytes().size();
    const std::uint64_t size = length + (text ? 1 : 4);
    const auto block = allocate(size);
    if (!block) return fail(block.error());
    const auto [address, memory] = *block;
    if (text) {
        write_text(memory, address, value.text());
    } else {
        memory.store<std::uint32_t>(address, static_cast<std::uint32_t>(length));
        memory.write(std::uint64_t{address} + 4, value.bytes());
    }
    if (heard()) {
        emit({.what = text ? Event::What::text_placed : Event::What::bytes_placed,
              .text = text ? value.text() : std::string_view(),
              .address = address,
              .size = static_cast<std::uint32_t>(length)});
    }
    if (auto noted = note(frees, address, size, false); !noted) return fail(std::move(noted).error());
    return address;
}

Result<std::string_view> Guest::read_text(std::uint32_t address, FreeSet& frees) {
    if (auto possible = can_read_text(); !possible) return fail(std::move(possible).error());
    RawValue slot{};
    slot.i32 = static_cast<std::int32_t>(address);
    const Stop stop = run(session_, store_, *get_string_size_.function, &slot, 1);
    if (stop != Stop::done) return fail(error_of_stop(store_, stop).add_context("while the guest measured a text"));
    if (slot.i32 < 0) return fail(ErrorCode::bad_pointer, concat("get_string_size(", address, ") returned ", slot.i32));
    const auto size = static_cast<std::uint32_t>(slot.i32);
    const auto text = memory().text(address, size);
    if (!text) {
        return fail(ErrorCode::bad_pointer, concat("a text of ", size, " bytes at ", address, " is not inside the guest's memory of ",
                                                   memory().size(), " bytes"));
    }
    if (size > session_.limits->output_bytes) {
        return fail(ErrorCode::output_limit, concat("a text of ", size, " bytes is beyond the limit of ",
                                                    session_.limits->output_bytes, " (output_bytes)"));
    }
    if (heard()) emit({.what = Event::What::text_read, .address = address, .size = size});
    if (auto noted = note(frees, address, size, true); !noted) return fail(std::move(noted).error());
    if (options_.trailing_nul == TrailingNul::trim && text->ends_with('\0')) return text->substr(0, size - 1);
    return *text;
}

Result<BytesView> Guest::read_bytes(std::uint32_t address, FreeSet& frees) {
    if (auto possible = can_read_bytes(); !possible) return fail(std::move(possible).error());
    const GuestMemory memory = this->memory();
    const auto size = memory.load<std::uint32_t>(address);
    if (!size) {
        return fail(ErrorCode::bad_pointer, concat("the length of bytes at ", address, " is not inside the guest's memory of ",
                                                   memory.size(), " bytes"));
    }
    const auto bytes = memory.bytes(std::uint64_t{address} + 4, *size);
    if (!bytes) {
        return fail(ErrorCode::bad_pointer, concat("bytes at ", address, ", ", *size, " of them, are not inside the guest's memory of ",
                                                   memory.size(), " bytes"));
    }
    if (*size > session_.limits->output_bytes) {
        return fail(ErrorCode::output_limit, concat(*size, " bytes are beyond the limit of ", session_.limits->output_bytes,
                                                    " (output_bytes)"));
    }
    if (heard()) emit({.what = Event::What::bytes_read, .address = address, .size = *size});
    if (auto noted = note(frees, address, std::uint64_t{*size} + 4, true); !noted) return fail(std::move(noted).error());
    return *bytes;
}

void Guest::cannot_free(std::string_view why) noexcept {
    session_.warn(why);
    if (heard()) emit({.what = Event::What::cannot_deallocate, .level = LogLevel::error, .text = why, .ok = false});
}

Result<void> Guest::free_block(FreeSet::Block block) {
    RawValue slots[2]{};
    slots[0].i32 = static_cast<std::int32_t>(block.address);
    slots[1].i32 = static_cast<std::int32_t>(block.size);
    const Stop stop = run(session_, store_, *deallocate_.function, slots, 2);
    if (stop != Stop::done) [[unlikely]] return fail(error_of_stop(store_, stop).add_context(concat("while the guest freed ", block.address)));
    if (heard()) emit({.what = Event::What::block_freed, .address = block.address, .size = block.size});
    return {};
}

Result<void> Guest::free(FreeSet& frees, std::uint32_t& failed) {
    if (frees.empty() || session_.marks.poisoned) return {};
    const auto blocks = frees.seal();
    if (!deallocate_.function) {
        failed = static_cast<std::uint32_t>(std::min<std::size_t>(blocks.size(), UINT32_MAX));
        cannot_free("cannot free the blocks of a call: the plugin exports no function \"deallocate\" of type (i32 i32) -> ()");
        return {};
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        auto freed = free_block(blocks[i]);
        if (freed) [[likely]] continue;
        const ErrorCode code = freed.error().code();
        if (code == ErrorCode::deadline_exceeded || code == ErrorCode::cancelled || code == ErrorCode::out_of_fuel) return freed;
        failed = static_cast<std::uint32_t>(std::min<std::size_t>(blocks.size() - i, UINT32_MAX));
        cannot_free(concat("deallocate(", blocks[i].address, ", ", blocks[i].size, ") failed: ", freed.error().message()));
        return {};
    }
    return {};
}

void Guest::emit(Event event) const noexcept {
    if (!heard()) return;
    event.instance = session_.instance_id;
    const Lending lending(session_);   // around it memory is being read and written
    try {
        options_.on_event(event);
    } catch (...) {  // a listener never fails a guest
    }
}

}  // namespace mortise::abi::wasp
