#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "abi/abi.hpp"
#include "abi/imports.hpp"

namespace mortise::abi::dataflow {

/// What all instances of a plugin share.
struct Plan {
    NumericBindings numeric;
};

/// One sandbox. Calls may nest: each has a frame.
class DataflowInstance final : public Instance {
public:
    DataflowInstance(const ModuleInfo& info, engine::Store& store, engine::InstanceId instance, Session& session);

    Result<void> start() override;
    Result<void> invoke(const Request& request, Reply& reply) override;

    static DataflowInstance& of(engine::Store& store) noexcept {
        return *static_cast<DataflowInstance*>(static_cast<Instance*>(store.abi));
    }

    // The imports: each answers how it ended.
    engine::Stop output(std::uint32_t pointer, std::uint32_t size);
    engine::Stop error(std::uint32_t pointer, std::uint32_t size);
    engine::Stop log(std::uint32_t level, std::uint32_t pointer, std::uint32_t size);

private:
    struct Frame {
        Reply& reply;
        std::vector<std::uint64_t> ends;   // of the outputs so far
        std::optional<std::string> error;
    };
    struct Block {
        std::uint32_t address = 0, size = 0, capacity = 0;
    };
    struct Handler {
        std::string name;
        engine::FunctionRef function{};
        bool two_inputs = false, wide = false;
    };

    Result<const Handler*> handler(std::string_view name);
    Result<Block> place(BytesView bytes);
    Result<void> release(const Block& block);
    Result<void> call(const Handler& handler, const Block& accumulator, const Block& input, Frame& frame);
    Result<void> take_output(Frame& frame, std::uint32_t address, std::uint64_t size, std::string_view what);
    engine::Stop refuse(std::string_view what, std::uint32_t pointer, std::uint32_t size);
    engine::GuestMemory memory() noexcept { return store_.view(*memory_); }

    const ModuleInfo& info_;
    engine::Store& store_;
    engine::InstanceId id_;
    Session& session_;
    std::optional<engine::MemoryRef> memory_;
    std::optional<engine::FunctionRef> alloc_, dealloc_;
    std::vector<Handler> handlers_;   // found so far; the last one used is first
    Frame* top_ = nullptr;            // the running call's
};

}  // namespace mortise::abi::dataflow
