// The other end of a Unix socket, as devtask-shim is.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "os/file.h"

namespace devtask {

// An invalid descriptor if nobody listens. The folder's path may be of any length.
inline Fd connect_to(const std::string& folder, const std::string& name) {
  const Fd opened = open_folder(folder);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(opened.get()) + "/" + name;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return Fd();
  return client;
}

inline bool send_text(const Fd& client, std::string_view text) {
  return ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

// nullopt: the server hung up without an answer.
inline std::optional<int> receive_byte(const Fd& client) {
  unsigned char byte = 0;
  return ::recv(client.get(), &byte, 1, 0) == 1 ? std::optional<int>(byte) : std::nullopt;
}

}  // namespace devtask
