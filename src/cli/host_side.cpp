#include "cli/host_side.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "cli/files.hpp"
#include "cli/host_install.hpp"
#include "cli/inspection.hpp"

namespace mortise::cli {

namespace {

constexpr std::uint64_t kLargestHostFile = std::uint64_t{64} << 20;

}  // namespace

Result<HostFile> read_host_file(const std::string& path) {
    if (path.empty()) return HostFile();
    auto text = read_file(path, kLargestHostFile);
    if (!text) return fail(std::move(text).error());
    return parse_host_file(text_of(*text));
}

Result<void> add_host_side(const Runtime& runtime, BytesView bytes, HostFile file, PluginOptions& options, Services& services) {
    const auto seen = runtime.inspect(bytes, options.abi);
    if (!seen) return {};
    const auto chosen = chosen_abi(*seen);
    const auto abis = Runtime::abis();
    const auto abi = std::ranges::find(abis, !options.abi.empty() || !chosen ? options.abi : chosen->abi, &AbiInfo::name);
    if (abi == abis.end()) return {};
    suit_sandbox(abi->name, options.sandbox);
    services.add(abi->name, options.sandbox, options.host);
    return install_host_file(std::make_shared<const HostFile>(std::move(file)), seen->module, *abi, options.host);
}

}  // namespace mortise::cli
