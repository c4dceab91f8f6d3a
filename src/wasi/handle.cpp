#include "wasi/handle.hpp"

namespace mortise::wasi {

Handle::~Handle() = default;

Outcome<Stat> Handle::stat() {
    Stat stat;
    stat.type = type();
    return stat;
}

Errno Handle::set_times(const Times&) { return Errno::notsup; }

Outcome<std::size_t> Handle::read(const Patience&, std::span<const iovec>, const Transfer&) {
    return refuse(as_directory() != nullptr ? Errno::isdir : Errno::badf);
}

Outcome<std::size_t> Handle::write(const Patience&, std::span<const iovec>, const Transfer&) {
    return refuse(as_directory() != nullptr ? Errno::isdir : Errno::badf);
}

Outcome<std::uint64_t> Handle::seek(std::int64_t, Whence) {
    return refuse(as_directory() != nullptr ? Errno::isdir : Errno::spipe);
}

Errno Handle::set_size(std::uint64_t) { return as_directory() != nullptr ? Errno::isdir : Errno::inval; }

Errno Handle::allocate(std::uint64_t, std::uint64_t) { return as_directory() != nullptr ? Errno::isdir : Errno::spipe; }

Errno Handle::advise(std::uint64_t, std::uint64_t, std::uint8_t) {
    return as_directory() != nullptr ? Errno::success : Errno::spipe;
}

}  // namespace mortise::wasi
