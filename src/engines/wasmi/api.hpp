#pragma once

// The one file that includes the engine library's C interface, with owners for what it hands out.

#include <memory>
#include <string>
#include <string_view>

#include <mortise_engines.h>

#include "engine/words.hpp"

namespace mortise::engines::wasmi {

template <auto kDelete>
struct Deleter {
    template <class T>
    void operator()(T* thing) const noexcept {
        kDelete(thing);
    }
};

using EnginePtr = std::unique_ptr<mortise_wasmi_engine_t, Deleter<mortise_wasmi_engine_delete>>;
using ModulePtr = std::unique_ptr<mortise_wasmi_module_t, Deleter<mortise_wasmi_module_delete>>;
using StorePtr = std::unique_ptr<mortise_wasmi_store_t, Deleter<mortise_wasmi_store_delete>>;

/// A text of the C interface, freed at the end of its scope.
class Text {
public:
    Text() noexcept = default;
    explicit Text(mortise_text_t text) noexcept : text_(text) {}
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    ~Text() { mortise_text_free(&text_); }

    mortise_text_t* out() noexcept { return &text_; }

    /// The words on one line.
    std::string line() const {
        return text_.size == 0 ? std::string() : engine::on_one_line(std::string_view(text_.data, text_.size));
    }

private:
    mortise_text_t text_{};
};

}  // namespace mortise::engines::wasmi
