// A Unix stream socket in a folder, for processes of the same user. And what servers of others need.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "os/file.h"

namespace devtask {

class ListeningSocket {
 public:
  // Creates the socket `name` in `folder`, mode 0600; the path of the folder may be longer than an address
  // can be.
  static Result<ListeningSocket> create(const std::string& folder, const std::string& name);

  // The next connection of the own user, or nullopt once `stop_fd` is readable.
  std::optional<Fd> accept(int stop_fd) const;

 private:
  Fd fd_;
};

// A pair whose reading end becomes readable when the writing end is closed or written: to wake a waiting
// thread.
struct WakePipe {
  Fd read, write;
  static Result<WakePipe> create();
  void wake();
};

// A port on 127.0.0.1 that nobody has at the moment.
Result<int> free_loopback_port();

// Up to a newline (not returned) or `most` bytes; nullopt if the peer closes first.
std::optional<std::string> read_line(int fd, std::size_t most);
bool send_byte(int fd, unsigned char byte);

}  // namespace devtask
