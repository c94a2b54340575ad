#include "os/terminal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <thread>

namespace devtask {
namespace {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() { EXPECT_EQ(::pipe2(pipe_.data(), O_CLOEXEC), 0); }
  ~TerminalTest() override { close_both(); }
  void close_both() {
    for (int& fd : pipe_) {
      if (fd >= 0) ::close(fd);
      fd = -1;
    }
  }

  std::array<int, 2> pipe_ = {-1, -1};
};

TEST_F(TerminalTest, TakesAPipeForNoTerminal) {
  EXPECT_FALSE(is_terminal(pipe_[1]));
  EXPECT_EQ(terminal_size(pipe_[1]), (TerminalSize{80, 24}));
}

TEST_F(TerminalTest, WritesEverythingToADescriptorThatDoesNotBlock) {
  ASSERT_EQ(::fcntl(pipe_[1], F_SETFL, O_NONBLOCK), 0);
  const std::string sent(1u << 20, 'x');  // more than a pipe holds
  std::string received;
  {
    const std::jthread reader([&] {
      std::array<char, 4096> buffer;
      while (received.size() < sent.size()) {
        const ssize_t count = ::read(pipe_[0], buffer.data(), buffer.size());
        if (count <= 0) return;
        received.append(buffer.data(), static_cast<std::size_t>(count));
      }
    });
    EXPECT_TRUE(write_all(pipe_[1], sent));
  }
  EXPECT_EQ(received, sent);
}

TEST_F(TerminalTest, SaysWhenNobodyReads) {
  const auto old = std::signal(SIGPIPE, SIG_IGN);
  ::close(pipe_[0]);
  pipe_[0] = -1;
  EXPECT_FALSE(write_all(pipe_[1], "x"));
  std::signal(SIGPIPE, old);
}

}  // namespace
}  // namespace devtask
