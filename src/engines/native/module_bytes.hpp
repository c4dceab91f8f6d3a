#pragma once

#include <string_view>

namespace mortise::engines::native_modules {

/// The custom section of a module that stands for native functions: its content is the name of the `native::Module`.
inline constexpr std::string_view kSection = "mortise.native";

}  // namespace mortise::engines::native_modules
