// Reading and writing through lists of buffers in guest memory.

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "wasi/call.hpp"
#include "wasi/layout.hpp"

namespace mortise::wasi {

namespace {

// What one step hands to the operating system: however long a guest's list of buffers is, the host needs no memory for it,
// and looks at the deadline between steps.
constexpr std::size_t kBuffersAStep = 64;
constexpr std::uint64_t kBytesAStep = std::uint64_t{8} << 20;
constexpr std::size_t kCopyBytes = 4096;
constexpr std::uint32_t kEntriesAStep = 65'536;

enum class Direction : std::uint8_t { read, write };

// Walks over a guest's list of buffers. The list itself was checked to be in memory.
class BufferList {
public:
    BufferList(std::uint32_t at, std::uint32_t count) noexcept : at_(at), count_(count) {}

    struct Step {
        std::array<iovec, kBuffersAStep> buffers;
        std::size_t count = 0;
        std::uint64_t bytes = 0;
        bool last = false;   // nothing comes after it
        std::span<const iovec> list() const noexcept { return std::span(buffers).first(count); }
    };

    // The next buffers, at most `most` bytes. `fault` if one of them is not in memory.
    Outcome<Step> next(engine::GuestMemory memory, std::uint64_t most) noexcept {
        Step step;
        const std::uint32_t stop = index_ + std::min(count_ - index_, kEntriesAStep);
        while (index_ < stop && step.count < kBuffersAStep && step.bytes < most) {
            const std::uint64_t entry = at_ + std::uint64_t{index_} * kIovecBytes;
            const std::uint32_t address = memory.load<std::uint32_t>(entry).value_or(0);
            const std::uint32_t length = memory.load<std::uint32_t>(entry + 4).value_or(0);
            const auto whole = memory.writable(address, length);
            if (!whole) return refuse(Errno::fault);
            const auto rest = within_ < whole->size() ? whole->subspan(within_) : std::span<std::byte>{};
            const auto part = rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest.size(), most - step.bytes)));
            if (!part.empty()) {
                step.buffers[step.count++] = {part.data(), part.size()};
                step.bytes += part.size();
            }
            within_ += part.size();
            if (part.size() == rest.size()) {
                ++index_;
                within_ = 0;
            }
        }
        step.last = index_ == count_;
        return step;
    }

private:
    std::uint64_t at_;
    std::uint32_t count_;
    std::uint32_t index_ = 0;
    std::size_t within_ = 0;   // bytes of the current buffer that are done
};

// What a handle that may run the embedder's code is given: a copy, as guest memory may move meanwhile.
struct Copied {
    std::array<std::byte, kCopyBytes> bytes;
    iovec buffer{};

    explicit Copied(const BufferList::Step& step) noexcept {
        std::size_t at = 0;
        for (const iovec& part : step.list()) {
            std::memcpy(bytes.data() + at, part.iov_base, part.iov_len);
            at += part.iov_len;
        }
        buffer = {bytes.data(), at};
    }
};

struct Request {
    std::uint32_t fd = 0;
    std::uint32_t buffers = 0;
    std::uint32_t count = 0;
    std::optional<std::uint64_t> offset;
    std::uint32_t result = 0;
};

Outcome<std::size_t> move_step(Call& call, Handle& handle, Direction direction, const BufferList::Step& step, const Transfer& transfer) {
    if (direction == Direction::read) return handle.read(call.patience(), step.list(), transfer);
    if (!handle.calls_out()) return handle.write(call.patience(), step.list(), transfer);
    const Copied copied(step);
    return handle.write(call.patience(), std::span(&copied.buffer, 1), transfer);
}

// Moves what it can; the number of bytes, or the error if not even one was moved.
Outcome<std::uint32_t> move_all(Call& call, Handle& handle, Direction direction, const Request& request, std::uint16_t flags) {
    const std::uint64_t most = handle.calls_out() ? kCopyBytes : kBytesAStep;
    BufferList list(request.buffers, request.count);
    std::uint64_t total = 0;
    while (total <= UINT32_MAX - most) {
        const auto step = list.next(call.memory(), most);
        if (!step && total == 0) return refuse(step.error());
        if (!step || (step->count == 0 && step->last)) break;
        if (call.patience().over()) return total == 0 ? Outcome<std::uint32_t>(refuse(Errno::intr)) : static_cast<std::uint32_t>(total);
        if (step->count == 0) continue;   // so far only empty buffers
        Transfer transfer{request.offset, flags};
        if (transfer.offset) *transfer.offset += total;
        const auto moved = move_step(call, handle, direction, *step, transfer);
        if (!moved && total == 0) return refuse(moved.error());
        if (!moved) break;
        total += *moved;
        // A short step is the end of what there is. A stream that filled one step may have no more without waiting.
        if (*moved < step->bytes || (direction == Direction::read && handle.waits_on() >= 0)) break;
    }
    return static_cast<std::uint32_t>(total);
}

// Only a rehearsal asks: what becomes of the bytes outside of the sandbox.
Errno may_transfer(const Call& call, Direction direction, const Descriptor& descriptor) {
    using engine::Effect;
    State& world = call.world;
    if (world.rehearsal == nullptr) return Errno::success;
    const bool is_file = descriptor.handle->type() == FileType::regular_file || descriptor.handle->as_directory() != nullptr;
    if (direction == Direction::read) return call.may(is_file ? Effect::files : Effect::input);
    for (const std::uint32_t fd : {1u, 2u}) {
        const Descriptor* standard = world.first_descriptors.find(fd);
        if (standard != nullptr && standard->handle == descriptor.handle) return Errno::success;   // which is held back
    }
    return call.may(Effect::changed_files);
}

Errno transfer(Call& call, Direction direction, const Request& request) {
    Rights needed = direction == Direction::read ? rights::fd_read : rights::fd_write;
    if (request.offset) needed |= rights::fd_seek;
    Descriptor* any = call.world.descriptors.find(request.fd);
    if (any == nullptr) return Errno::badf;
    MORTISE_WASI_TRY(may_transfer(call, direction, *any));
    if (any->handle->as_directory() != nullptr) return Errno::isdir;
    // Said before the lack of a right: streams cannot be given the right to seek.
    if (request.offset && any->handle->type() != FileType::regular_file) return Errno::spipe;
    const auto found = call.descriptor(request.fd, needed);
    if (!found) return found.error();
    if (request.offset && *request.offset > static_cast<std::uint64_t>(INT64_MAX)) return Errno::inval;
    if (!call.memory().contains(request.buffers, request.count, kIovecBytes)) return Errno::fault;
    MORTISE_WASI_TRY(call.can_store(request.result, 4));
    const std::shared_ptr<Handle> handle = (*found)->handle;
    const auto moved = move_all(call, *handle, direction, request, (*found)->flags);
    if (!moved) return moved.error();
    return call.store_result(request.result, *moved);
}

}  // namespace

Errno fd_read(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t result) {
    return transfer(call, Direction::read, {fd, buffers, count, std::nullopt, result});
}

Errno fd_write(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint32_t result) {
    return transfer(call, Direction::write, {fd, buffers, count, std::nullopt, result});
}

Errno fd_pread(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint64_t offset, std::uint32_t result) {
    return transfer(call, Direction::read, {fd, buffers, count, offset, result});
}

Errno fd_pwrite(Call& call, std::uint32_t fd, std::uint32_t buffers, std::uint32_t count, std::uint64_t offset, std::uint32_t result) {
    return transfer(call, Direction::write, {fd, buffers, count, offset, result});
}

}  // namespace mortise::wasi
