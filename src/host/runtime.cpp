#include <mortise/runtime.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "host/abis.hpp"
#include "host/code.hpp"
#include "host/engines.hpp"
#include "host/plugin_state.hpp"
#include "host/runtime_state.hpp"

namespace mortise {

namespace {

Result<Bytes> read_file(const std::filesystem::path& file, std::uint64_t module_bytes) {
    std::error_code code;
    const auto status = std::filesystem::status(file, code);
    if (status.type() == std::filesystem::file_type::not_found) {
        return fail(ErrorCode::not_found, "no such file: " + file.string());
    }
    if (std::filesystem::is_directory(status)) return fail(ErrorCode::io, "is a directory, not a module: " + file.string());
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::io, "cannot open " + file.string() + ": " + std::generic_category().message(errno));
    Bytes bytes;
    // Read in blocks up to the limit: the file may be a pipe or grow, so its size says nothing.
    constexpr std::size_t kBlock = std::size_t{1} << 20;
    while (in && bytes.size() <= detail::most_file_bytes(bytes, module_bytes)) {
        const std::size_t old = bytes.size();
        bytes.resize(old + kBlock);
        in.read(reinterpret_cast<char*>(bytes.data() + old), static_cast<std::streamsize>(kBlock));
        bytes.resize(old + static_cast<std::size_t>(in.gcount()));
    }
    if (in.bad()) return fail(ErrorCode::io, "cannot read " + file.string());
    return bytes;
}

}  // namespace

Runtime::Runtime(RuntimeOptions options) : state_(std::make_shared<detail::RuntimeState>(std::move(options))) {}

Result<Plugin> Runtime::load(const std::filesystem::path& file, PluginOptions options) const {
    auto bytes = read_file(file, options.load_limits.module_bytes);
    if (!bytes) return fail(std::move(bytes).error());
    if (options.name.empty()) options.name = file.stem().string();
    return load_bytes(*bytes, std::move(options));
}

Result<Plugin> Runtime::load_bytes(BytesView bytes, PluginOptions options) const {
    if (options.name.empty()) options.name = "plugin";
    const std::string where = "while loading plugin \"" + options.name + "\"";
    auto state = detail::load_plugin(state_, bytes, std::move(options));
    if (!state) return fail(std::move(state).error().add_context(where));
    return Plugin(*std::move(state));
}

Result<Bytes> Runtime::compile(BytesView bytes, PluginOptions options) const {
    if (options.name.empty()) options.name = "plugin";
    const std::string where = "while compiling plugin \"" + options.name + "\"";
    auto compiled = detail::compile_plugin(state_, bytes, std::move(options));
    if (!compiled) return fail(std::move(compiled).error().add_context(where));
    return *std::move(compiled);
}

Result<void> Runtime::compile_into_cache(BytesView bytes, PluginOptions options) const {
    if (options.name.empty()) options.name = "plugin";
    const std::string where = "while compiling plugin \"" + options.name + "\"";
    auto kept = detail::compile_into_cache(state_, bytes, std::move(options));
    if (!kept) return fail(std::move(kept).error().add_context(where));
    return {};
}

std::uint64_t Runtime::most_file_bytes(BytesView start, const LoadLimits& limits) noexcept {
    return detail::most_file_bytes(start, limits.module_bytes);
}

Result<EngineInfo> Runtime::engine() const {
    auto engine = state_->engine();
    if (!engine) return fail(std::move(engine).error());
    return (*engine)->info();
}

std::vector<EngineInfo> Runtime::engines() { return host::list_engines(); }

std::vector<AbiInfo> Runtime::abis() {
    std::vector<AbiInfo> all;
    for (const auto& abi : host::make_abis()) all.push_back(abi->info());
    return all;
}

std::string_view version() noexcept { return MORTISE_VERSION; }

}  // namespace mortise
