#include "wasi/world.hpp"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "wasi/host_directory.hpp"
#include "wasi/memory_file.hpp"

namespace mortise::wasi {

namespace {

// Told apart from the devices of the host, whose numbers are small.
constexpr std::uint64_t kMemoryDevice = std::uint64_t{1} << 60;

bool has_nul(const std::string& text) noexcept { return text.find('\0') != std::string::npos; }

Result<void> check(const Sandbox& sandbox) {
    const auto bad = [](auto... parts) { return fail(ErrorCode::invalid_argument, base::concat(parts...)); };
    for (const std::string& argument : sandbox.arguments) {
        if (has_nul(argument)) return bad("Sandbox::arguments: ", base::quoted(argument), " has a NUL in it");
    }
    for (const auto& [name, value] : sandbox.environment) {
        if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value)) {
            return bad("Sandbox::environment: ", base::quoted(name), " cannot be a variable");
        }
    }
    std::set<std::string> names;
    const auto add = [&names](const std::string& name) { return !name.empty() && !has_nul(name) && names.insert(name).second; };
    for (const HostDirectory& directory : sandbox.directories) {
        if (!add(directory.guest_path)) return bad("Sandbox: bad or second guest path ", base::quoted(directory.guest_path));
    }
    for (const MemoryDirectory& directory : sandbox.memory_directories) {
        if (!add(directory.guest_path)) return bad("Sandbox: bad or second guest path ", base::quoted(directory.guest_path));
    }
    if (auto clock = Clocks::check(sandbox.clock); !clock) return clock;
    return RandomSource::check(sandbox.random);
}

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

std::shared_ptr<Handle> make_input(const Input& input) {
    return std::visit(Overloaded{
                          [](NoInput) -> std::shared_ptr<Handle> { return std::make_shared<BytesInput>(Bytes{}); },
                          [](const Bytes& bytes) -> std::shared_ptr<Handle> { return std::make_shared<BytesInput>(bytes); },
                          [](InheritInput) -> std::shared_ptr<Handle> { return std::make_shared<InheritedStream>(STDIN_FILENO); },
                      },
                      input);
}

// Builds the world of one sandbox.
class Builder {
public:
    Builder(const Sandbox& sandbox, const Limits& limits, OutputSink& sink, Resolver resolver, engine::Rehearsal* rehearsal)
        : sandbox_(sandbox), limits_(limits), sink_(sink), resolver_(resolver),
          state_(std::make_unique<State>(sandbox.clock, sandbox.random, limits.open_files)) {
        state_->rehearsal = rehearsal;
    }

    Result<std::unique_ptr<World>> build() {
        const std::size_t count = 3 + sandbox_.directories.size() + sandbox_.memory_directories.size();
        if (count > limits_.open_files) {
            return fail(ErrorCode::invalid_argument, base::concat("Limits::open_files is ", limits_.open_files, ", but the sandbox starts with ", count));
        }
        state_->arguments = sandbox_.arguments;
        for (const auto& [name, value] : sandbox_.environment) state_->environment.push_back(name + "=" + value);
        add_stdio();
        for (const HostDirectory& directory : sandbox_.directories) {
            if (auto added = add(directory); !added) return fail(std::move(added).error());
        }
        for (const MemoryDirectory& directory : sandbox_.memory_directories) {
            if (auto added = add(directory); !added) return fail(std::move(added).error());
        }
        if (state_->rehearsal != nullptr) state_->first_descriptors = state_->descriptors;
        return std::make_unique<World>(std::move(state_));
    }

private:
    void add_stdio() {
        add_stream(make_input(sandbox_.standard_input), rights::of_stream & ~rights::fd_write);
        add_stream(make_output(sandbox_.standard_output, Stream::standard_output), rights::of_stream & ~rights::fd_read);
        add_stream(make_output(sandbox_.standard_error, Stream::standard_error), rights::of_stream & ~rights::fd_read);
    }

    void add_stream(std::shared_ptr<Handle> handle, Rights base) {
        (void)state_->descriptors.add({std::move(handle), base, 0, 0, std::nullopt});  // there is room: `build` counted
    }

    void add_directory(std::shared_ptr<Handle> handle, const std::string& guest_path) {
        (void)state_->descriptors.add({std::move(handle), rights::of_directory, rights::all, 0, guest_path});
    }

    std::shared_ptr<Handle> make_output(const Output& output, Stream stream) {
        const int fd = stream == Stream::standard_output ? STDOUT_FILENO : STDERR_FILENO;
        return std::visit(Overloaded{
                              [&](ObserveOutput) -> std::shared_ptr<Handle> { return std::make_shared<ObservedOutput>(stream, sink_); },
                              [&](DiscardOutput) -> std::shared_ptr<Handle> { return std::make_shared<DiscardedOutput>(); },
                              [&](InheritOutput) -> std::shared_ptr<Handle> { return outside(std::make_shared<InheritedStream>(fd)); },
                              [&](const OutputLines& lines) -> std::shared_ptr<Handle> {
                                  if (!lines) return std::make_shared<DiscardedOutput>();
                                  const auto most = static_cast<std::size_t>(std::max<std::uint64_t>(limits_.log_bytes, 1));
                                  state_->lines.push_back(std::make_shared<LineOutput>(lines, most));
                                  return outside(state_->lines.back());
                              },
                          },
                          output);
    }

    std::shared_ptr<Handle> outside(std::shared_ptr<Handle> output) {
        if (state_->rehearsal == nullptr) return output;
        return std::make_shared<HoldingOutput>(std::move(output), state_->held, *state_->rehearsal);
    }

    Result<void> add(const HostDirectory& directory) {
        auto mount = std::make_shared<HostMount>();
        mount->resolver = resolver_;
        mount->access = directory.access;
        mount->quota = Quota(directory.quota_bytes, directory.quota_files);
        mount->largest_file = largest_host_file();
        auto opened = open_host_directory(directory.host_path, std::move(mount));
        if (!opened) return fail(std::move(opened).error());
        add_directory(*std::move(opened), directory.guest_path);
        return {};
    }

    Result<void> add(const MemoryDirectory& directory) {
        // The trees belong to descriptors of this state, which goes after them.
        const State* state = state_.get();
        auto tree = MemoryTree::make(directory, kMemoryDevice + state->descriptors.open_count(),
                                     [state] { return state->clocks.peek(ClockId::realtime); });
        if (!tree) return fail(std::move(tree).error());
        const NodePtr root = (*tree)->root();
        add_directory(std::make_shared<MemoryDirectoryHandle>(*std::move(tree), root), directory.guest_path);
        return {};
    }

    const Sandbox& sandbox_;
    const Limits& limits_;
    OutputSink& sink_;
    Resolver resolver_;
    std::unique_ptr<State> state_;
};

}  // namespace

World::World(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

World::~World() { flush(); }

void World::flush() noexcept {
    for (const auto& lines : state_->lines) {
        try {
            lines->flush();
        } catch (...) {  // the function's own failure; there is no guest to tell
        }
    }
}

std::uint32_t World::open_files() const noexcept { return state_->descriptors.open_count(); }

bool World::same_descriptors() const noexcept { return state_->descriptors.same_handles(state_->first_descriptors); }

void World::release(const engine::Store& store) {
    state_->held.release(Patience(store));
    for (const auto& lines : state_->lines) lines->flush();
}

Result<std::unique_ptr<World>> make_world(const Sandbox& sandbox, const Limits& limits, OutputSink& sink, Resolver resolver,
                                          engine::Rehearsal* rehearsal) {
    if (auto checked = check(sandbox); !checked) return fail(std::move(checked).error());
    return Builder(sandbox, limits, sink, resolver, rehearsal).build();
}

}  // namespace mortise::wasi
