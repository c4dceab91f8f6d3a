#pragma once

#include <string_view>

namespace mortise {

/// A guest whose calls can be told apart: `next` counts, and `fall` ends it.
inline constexpr std::string_view kCounter = R"((module
  (global $n (mut i32) (i32.const 0))
  (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))
  (func (export "fall") unreachable)
))";

}  // namespace mortise
