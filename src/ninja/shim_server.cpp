#include "ninja/shim_server.h"

#include <system_error>

namespace devtask {
namespace {

constexpr std::size_t kLongestRequest = 1 << 20;
constexpr unsigned char kBadRequest = 70;

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t blank = line.find(' ');
    if (blank != 0) words.emplace_back(line.substr(0, blank));
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<ShimServer>> ShimServer::start(const std::string& folder, const std::string& name,
                                                      int workers, Handler handler) {
  auto socket = ListeningSocket::create(folder, name);
  if (!socket) return tl::unexpected(socket.error());
  auto stop = WakePipe::create();
  if (!stop) return tl::unexpected(stop.error());
  std::unique_ptr<ShimServer> server(
      new ShimServer(std::move(*socket), std::move(*stop), std::move(handler)));
  try {
    for (int i = 0; i < workers; ++i) server->workers_.emplace_back([raw = server.get()] { raw->work(); });
  } catch (const std::system_error& refused) {
    if (server->workers_.empty()) return failure("cannot start a thread: {}", refused.what());
  }
  return server;
}

ShimServer::~ShimServer() { stop_.wake(); }

void ShimServer::work() {
  while (auto connection = socket_.accept(stop_.read.get())) {
    const auto line = read_line(connection->get(), kLongestRequest);
    const unsigned char status = line ? handler_(split_words(*line)) : kBadRequest;
    send_byte(connection->get(), status);
  }
}

}  // namespace devtask
