#pragma once

#include <utility>

#include <unistd.h>

namespace mortise::trust {

/// Owns a file descriptor, or none (below 0).
class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    void swap(Descriptor& other) noexcept { std::swap(fd_, other.fd_); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_;
};

}  // namespace mortise::trust
