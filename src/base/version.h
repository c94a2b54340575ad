#pragma once

#include <string_view>

namespace devtask {

inline constexpr std::string_view kVersion =
    "0.1.0";  // of devtask; `requires` in tasks.toml compares with it

}  // namespace devtask
