// Numbers of bytes for people.
#pragma once

#include <cstdint>
#include <string>

namespace devtask {

// "512 B", "1.5 MB".
std::string format_bytes(std::uint64_t bytes);

}  // namespace devtask
