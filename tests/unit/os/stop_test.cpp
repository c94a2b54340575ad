#include "os/stop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "os/process.h"

namespace devtask {
namespace {

constexpr std::chrono::milliseconds kLong{20'000};  // only a broken program waits for it
constexpr std::chrono::milliseconds kNotAtAll{0};

TEST(StopRequestTest, AsksPolitelyFirstThenAtOnce) {
  StopRequest stop;
  EXPECT_FALSE(stop.stopping());
  EXPECT_FALSE(wait_readable(stop.stopping_fd(), kNotAtAll));
  stop.request();
  EXPECT_TRUE(stop.stopping());
  EXPECT_FALSE(stop.at_once());
  EXPECT_TRUE(wait_readable(stop.stopping_fd(), kNotAtAll));
  EXPECT_FALSE(wait_readable(stop.at_once_fd(), kNotAtAll));
  stop.request();
  EXPECT_TRUE(stop.at_once());
  EXPECT_TRUE(stop.stopping());  // and stays so
  stop.request();
  EXPECT_TRUE(wait_readable(stop.at_once_fd(), kNotAtAll));
}

TEST(SignalWatchTest, TurnsSignalsIntoStopRequests) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    StopRequest stop;
    const auto watch = SignalWatch::start(stop);
    ASSERT_TRUE(watch);
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_TRUE(wait_readable(stop.stopping_fd(), kLong));
    EXPECT_FALSE(stop.at_once());
    ASSERT_EQ(::kill(::getpid(), signal), 0);
    EXPECT_TRUE(wait_readable(stop.at_once_fd(), kLong));
  }
}

TEST(SignalWatchTest, GivesTheSignalsBack) {
  sigset_t before, after;
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &before), 0);
  {
    StopRequest stop;
    ASSERT_TRUE(SignalWatch::start(stop));
  }
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &after), 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EQ(sigismember(&after, signal), sigismember(&before, signal)) << signal;
  }
}

}  // namespace
}  // namespace devtask
