#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace mortise::detail {

/// One compilation in the background at a time, for all plugins of a Runtime: the machine is there for the calls.
class CompilerTurn {
public:
    /// Waits for the turn; false if `stop` is asked for meanwhile. `give_back` must follow a true.
    bool take(std::stop_token stop);
    void give_back() noexcept;

private:
    std::mutex mutex_;   // guards taken_
    std::condition_variable_any free_;
    bool taken_ = false;
};

}  // namespace mortise::detail
