// What a shim may send over the socket: a line, in pieces. First how long the pieces are (a byte; 0: all at
// once) and the answer (a byte), then what is sent. The server asks its handler once and only for whole
// lines.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>

#include "input.h"
#include "ninja/shim_server.h"
#include "os/socket.h"
#include "require.h"
#include "scratch_folder.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

constexpr int kBadRequest = 70;

// What the handler was asked and what it answers; the handler runs on a thread of the server.
struct Desk {
  std::mutex mutex;
  std::optional<Strings> asked;
  unsigned char answer = 0;
  int times = 0;
};
Desk& desk() {
  static Desk only;
  return only;
}

Fd connect_to(const std::string& path) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  require(path.size() < sizeof address.sun_path, "the path of the socket is short");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  require(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
          "the server listens");
  return fd;
}

// The answer, or -1. The server may hang up before everything was sent.
int ask(const std::string& path, std::string_view bytes, std::size_t piece) {
  const Fd fd = connect_to(path);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd.get(), bytes.data(), std::min(piece, bytes.size()), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;  // libFuzzer has an alarm
    if (sent <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(fd.get(), SHUT_WR);
  unsigned char answer = 0;
  ssize_t got = 0;
  do {
    got = ::recv(fd.get(), &answer, 1, 0);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? answer : -1;
}

void check_line(std::string_view bytes) {
  int ends[2];
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "a pair of sockets can be made");
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  constexpr std::size_t kRoom = 16 * 1024;
  bytes = bytes.substr(0, kRoom);
  require(::send(writing.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
          "it can be sent");
  writing.reset();
  const std::size_t most = 100, end = bytes.find('\n');
  const auto line = read_line(reading.get(), most);
  require(line.has_value() == (end < most), "a line is read if it is whole and not too long");
  require(!line || *line == bytes.substr(0, end), "a line is read as it was sent");
}

void check(Input input) {
  static const ScratchFolder folder;
  static const auto server = ShimServer::start(folder.path(), "socket", 1, [](const Strings& ids) {
    const std::lock_guard lock(desk().mutex);
    desk().asked = ids;
    ++desk().times;
    return desk().answer;
  });
  require(server.has_value(), "the server starts");

  const std::size_t length = input.byte();
  const std::size_t piece = length == 0 ? std::size_t{1} << 20 : length;
  {
    const std::lock_guard lock(desk().mutex);
    desk().asked.reset();
    desk().times = 0;
    desk().answer = input.byte();
  }
  const std::string_view bytes = input.rest();
  const int answer = ask(folder / "socket", bytes, piece);

  const std::size_t end = bytes.find('\n');
  const std::lock_guard lock(desk().mutex);
  require(desk().asked.has_value() == (end != std::string_view::npos) && desk().times <= 1,
          "a whole line is handled, once");
  if (!desk().asked) {
    require(answer == kBadRequest, "half a line is no request");
    return;
  }
  // With a part of it unread, closing the connection may take the answer away; a shim sends nothing behind
  // its line.
  require(answer == desk().answer || (answer == -1 && end + 1 < bytes.size()), "the answer is the handler's");
  Strings ids = split(bytes.substr(0, end), " ");
  std::erase(ids, "");
  require(*desk().asked == ids, "ids are separated by blanks");
  check_line(bytes);
}

}  // namespace
}  // namespace devtask

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  devtask::check(devtask::Input(bytes, size));
  return 0;
}
