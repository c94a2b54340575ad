// Answers the shims of one run. A connection is a line of task ids; the answer is one byte, the exit status.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "os/socket.h"

namespace devtask {

class ShimServer {
 public:
  using Handler = std::function<unsigned char(const std::vector<std::string>& ids)>;

  // `workers` threads take connections, so that at most so many tasks work at once; each lives as long as the
  // server (the kernel ends a task's process with the thread that started it). `handler` is called on them.
  // Fewer threads if the system has no more; fails if it has none.
  static Result<std::unique_ptr<ShimServer>> start(const std::string& folder, const std::string& name,
                                                   int workers, Handler handler);
  ~ShimServer();  // waits for the workers

 private:
  ShimServer(ListeningSocket socket, WakePipe stop, Handler handler)
      : socket_(std::move(socket)), stop_(std::move(stop)), handler_(std::move(handler)) {}
  void work();

  ListeningSocket socket_;
  WakePipe stop_;
  Handler handler_;
  std::vector<std::jthread> workers_;
};

}  // namespace devtask
