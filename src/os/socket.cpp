#include "os/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace devtask {
namespace {

constexpr int kLookMs = 10;

}  // namespace

Result<ListeningSocket> ListeningSocket::create(const std::string& folder, const std::string& name) {
  const Fd opened = open_folder(folder);
  if (!opened) return failure("cannot open `{}`: {}", folder, std::strerror(errno));
  ListeningSocket socket;
  // Non-blocking: several threads poll it, and all but one find the connection taken.
  socket.fd_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.fd_) return failure("cannot make a socket: {}", std::strerror(errno));
  // An address holds 107 bytes: through the open folder it is always short.
  const std::string path = fmt::format("/proc/self/fd/{}/{}", opened.get(), name);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return failure("the socket's name `{}` is too long", name);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (::bind(socket.fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(socket.fd_.get(), SOMAXCONN) != 0) {
    return failure("cannot listen on `{}/{}`: {}", folder, name, std::strerror(errno));
  }
  return socket;
}

std::optional<Fd> ListeningSocket::accept(int stop_fd) const {
  while (true) {
    pollfd waiting[2] = {{fd_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}};
    if (::poll(waiting, 2, -1) < 0) continue;
    if (waiting[1].revents != 0) return std::nullopt;
    Fd connection(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) {
      // No event tells that there are descriptors or memory again.
      if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(&waiting[1], 1, kLookMs);
      continue;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
        peer.uid == ::geteuid()) {
      return connection;
    }
  }
}

Result<WakePipe> WakePipe::create() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("cannot make a pipe: {}", std::strerror(errno));
  return WakePipe{Fd(ends[0]), Fd(ends[1])};
}

void WakePipe::wake() { write.reset(); }

Result<int> free_loopback_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (!socket || ::bind(socket.get(), raw, size) != 0 || ::getsockname(socket.get(), raw, &size) != 0)
    return failure("cannot find a free port on 127.0.0.1: {}", std::strerror(errno));
  return ntohs(address.sin_port);
}

std::optional<std::string> read_line(int fd, std::size_t most) {
  std::string line;
  while (line.size() < most) {
    char buffer[4096];
    const ssize_t got = ::recv(fd, buffer, std::min(sizeof buffer, most - line.size()), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    line.append(buffer, static_cast<std::size_t>(got));
    if (const std::size_t end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
  }
  return std::nullopt;
}

bool send_byte(int fd, unsigned char byte) { return ::send(fd, &byte, 1, MSG_NOSIGNAL) == 1; }

}  // namespace devtask
