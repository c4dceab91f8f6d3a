#include "wasi/call.hpp"

#include "wasi/path.hpp"

namespace mortise::wasi {

Outcome<Descriptor*> Call::descriptor(std::uint32_t fd, Rights needed) const noexcept {
    Descriptor* descriptor = world.descriptors.find(fd);
    if (descriptor == nullptr) return refuse(Errno::badf);
    if ((descriptor->base & needed) != needed) return refuse(Errno::notcapable);
    return descriptor;
}

Outcome<Call::At> Call::directory(std::uint32_t fd, Rights needed) const noexcept {
    Descriptor* descriptor = world.descriptors.find(fd);
    if (descriptor == nullptr) return refuse(Errno::badf);
    Directory* directory = descriptor->handle->as_directory();
    if (directory == nullptr) return refuse(Errno::notdir);
    if ((descriptor->base & needed) != needed) return refuse(Errno::notcapable);
    return At{descriptor, directory};
}

Outcome<std::string> Call::path(std::uint32_t at, std::uint32_t length) const {
    const auto text = memory().text(at, length);
    if (!text) return refuse(Errno::fault);
    if (const Errno error = check_path(*text); error != Errno::success) return refuse(error);
    return std::string(*text);
}

}  // namespace mortise::wasi
