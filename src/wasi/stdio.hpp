#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <mortise/bytes.hpp>
#include <mortise/observer.hpp>
#include <mortise/sandbox.hpp>

#include "engine/rehearsal.hpp"
#include "wasi/handle.hpp"

namespace mortise::wasi {

/// Takes what a guest writes to a captured stdout or stderr. May run the embedder's code.
class OutputSink {
public:
    virtual void output(Stream stream, BytesView bytes) noexcept = 0;

protected:
    ~OutputSink() = default;
};

/// stdin that ends after these bytes.
class BytesInput final : public Handle {
public:
    explicit BytesInput(Bytes bytes) noexcept : bytes_(std::move(bytes)) {}
    FileType type() const noexcept override { return FileType::unknown; }
    Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Readable readable() override { return {bytes_.size() - at_, at_ == bytes_.size()}; }

private:
    Bytes bytes_;
    std::size_t at_ = 0;
};

/// One of this process's own streams.
class InheritedStream final : public Handle {
public:
    explicit InheritedStream(int fd) noexcept : fd_(fd) {}
    FileType type() const noexcept override;
    Outcome<std::size_t> read(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;
    int waits_on() const noexcept override { return fd_; }
    Readable readable() override;

private:
    int fd_;
};

/// Output that this process takes itself. It says that it is a terminal, so that C libraries hand over whole lines at once
/// instead of keeping them until the guest ends, which a plugin never does.
class CapturedOutput : public Handle {
public:
    FileType type() const noexcept override { return FileType::character_device; }
    bool calls_out() const noexcept override { return true; }
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) final;

protected:
    virtual void take(BytesView bytes) = 0;
};

class DiscardedOutput final : public CapturedOutput {
    void take(BytesView) override {}
};

/// To a sink.
class ObservedOutput final : public CapturedOutput {
public:
    ObservedOutput(Stream stream, OutputSink& sink) noexcept : stream_(stream), sink_(sink) {}

private:
    void take(BytesView bytes) override { sink_.output(stream_, bytes); }
    Stream stream_;
    OutputSink& sink_;
};

/// What a rehearsal wrote to somewhere outside, in its order. Bounded: a guest may write without end.
class HeldOutput {
public:
    /// False: there is no room for it.
    bool hold(const std::shared_ptr<Handle>& to, BytesView bytes);

    /// Writes it. May throw what functions of the sandbox do.
    void release(const Patience& patience);

private:
    struct Part {
        std::shared_ptr<Handle> to;
        Bytes bytes;
    };
    std::vector<Part> parts_;
    std::size_t size_ = 0;
};

/// stdout or stderr of a rehearsal: looks like the real one, but keeps what is written.
class HoldingOutput final : public Handle {
public:
    HoldingOutput(std::shared_ptr<Handle> real, HeldOutput& held, engine::Rehearsal& rehearsal) noexcept
        : real_(std::move(real)), held_(held), rehearsal_(rehearsal) {}
    FileType type() const noexcept override { return real_->type(); }
    Outcome<std::size_t> write(const Patience& patience, std::span<const iovec> buffers, const Transfer& transfer) override;

private:
    const std::shared_ptr<Handle> real_;
    HeldOutput& held_;
    engine::Rehearsal& rehearsal_;
};

/// To a function, line by line. A line longer than `most` bytes is handed over in parts of that size.
class LineOutput final : public CapturedOutput {
public:
    LineOutput(OutputLines lines, std::size_t most) : lines_(std::move(lines)), most_(most) {}

    /// Hands over an incomplete last line.
    void flush();

private:
    void take(BytesView bytes) override;
    void emit();
    OutputLines lines_;
    std::size_t most_;
    std::string line_;
    bool cut_ = false;  // the line's first part was handed over
};

}  // namespace mortise::wasi
