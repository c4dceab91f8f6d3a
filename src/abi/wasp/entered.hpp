#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace mortise::abi::wasp {

/// One level of a stack whose levels are kept to be used again, from construction to destruction. T has `reset`, called when
/// the level is left. Levels do not move when deeper ones are entered.
template <class T>
class Entered {
public:
    Entered(std::vector<std::unique_ptr<T>>& levels, std::size_t& depth) : depth_(depth) {
        if (depth == levels.size()) levels.push_back(std::make_unique<T>());
        level_ = levels[depth].get();
        ++depth;
    }
    ~Entered() {
        level_->reset();
        --depth_;
    }
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

    T& operator*() const noexcept { return *level_; }
    T* operator->() const noexcept { return level_; }

private:
    T* level_;
    std::size_t& depth_;
};

}  // namespace mortise::abi::wasp
