#include "os/random_name.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace devtask {

Result<std::string> random_name() {
  std::array<std::uint8_t, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    return failure("cannot get random numbers: {}", std::strerror(errno));
  std::string name;
  for (const std::uint8_t byte : bytes) name += fmt::format("{:02x}", byte);
  return name;
}

}  // namespace devtask
