#include "ninja/shim_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>

#include "fakes/temporary_folder.h"
#include "fakes/unix_client.h"
#include "os/process.h"

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

class ShimServerTest : public testing::Test {
 protected:
  void serve(int workers, ShimServer::Handler handler) {
    auto server = ShimServer::start(folder_.path(), "socket", workers, std::move(handler));
    ASSERT_TRUE(server);
    server_ = std::move(*server);
  }
  std::optional<int> ask(std::string_view text) {
    const Fd client = connect_to(folder_.path(), "socket");
    EXPECT_TRUE(send_text(client, text));
    return receive_byte(client);
  }
  // The real shim, as Ninja starts it.
  ProcessOutcome shim(const Strings& ids, const std::string& socket = "socket") {
    ProcessRequest request;
    request.program = join_path(parent_folder(own_executable()), "devtask-shim");
    request.argv = {"devtask-shim"};
    request.argv.insert(request.argv.end(), ids.begin(), ids.end());
    request.env = {"DEVTASK_RUN=" + socket};
    request.folder = folder_.path();
    request.output = [this](std::string_view bytes) { output_ += bytes; };
    StopRequest stop;
    return run_process(request, stop).value_or(ProcessOutcome{-1});
  }

  TemporaryFolder folder_;
  std::unique_ptr<ShimServer> server_;
  std::string output_;
};

TEST_F(ShimServerTest, AnswersWithTheExitStatus) {
  std::mutex mutex;
  std::vector<Strings> asked;
  serve(1, [&](const Strings& ids) -> unsigned char {
    const std::scoped_lock lock(mutex);
    asked.push_back(ids);
    return ids.size() > 1 ? 130 : 0;
  });
  EXPECT_EQ(ask("build-ui\n"), 0);
  EXPECT_EQ(ask("a b  c\n"), 130);
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(asked, (std::vector<Strings>{{"build-ui"}, {"a", "b", "c"}}));
}

TEST_F(ShimServerTest, RefusesWhatIsNoLine) {
  std::atomic<int> calls{0};
  serve(1, [&](const Strings&) -> unsigned char { return static_cast<unsigned char>(++calls); });
  {
    const Fd client = connect_to(folder_.path(), "socket");
    ASSERT_TRUE(send_text(client, "cut"));
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(receive_byte(client), 70);
  }
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(ask("a\n"), 1);  // and goes on
}

TEST_F(ShimServerTest, GoesOnWhenAShimIsKilled) {
  serve(1, [](const Strings&) -> unsigned char { return 0; });
  connect_to(folder_.path(), "socket").reset();
  {
    const Fd client = connect_to(folder_.path(), "socket");
    ASSERT_TRUE(send_text(client, "a\n"));  // does not wait for the answer
  }
  EXPECT_EQ(ask("a\n"), 0);
}

TEST_F(ShimServerTest, WorksOnAsManyAtOnceAsItHasWorkers) {
  constexpr int kWorkers = 3;
  std::latch all(kWorkers);
  std::atomic<int> now{0}, most{0};
  serve(kWorkers, [&](const Strings&) -> unsigned char {
    most = std::max(most.load(), ++now);
    all.arrive_and_wait();  // comes back only when all workers are here at once
    --now;
    return 0;
  });
  std::vector<std::jthread> clients;
  for (int i = 0; i < kWorkers; ++i) clients.emplace_back([&] { EXPECT_EQ(ask("a\n"), 0); });
  clients.clear();
  EXPECT_EQ(most, kWorkers);
}

TEST_F(ShimServerTest, AnswersManyAndEnds) {
  for (int round = 0; round < 20; ++round) {
    const std::string name = "s" + std::to_string(round);
    std::atomic<int> calls{0};
    {
      auto server = ShimServer::start(folder_.path(), name, 4, [&](const Strings&) -> unsigned char {
        ++calls;
        return 7;
      });
      ASSERT_TRUE(server);
      std::vector<std::jthread> clients;
      for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&] {
          for (int k = 0; k < 10; ++k) {
            const Fd client = connect_to(folder_.path(), name);
            EXPECT_TRUE(send_text(client, "a\n"));
            EXPECT_EQ(receive_byte(client), 7);
          }
        });
      }
    }
    EXPECT_EQ(calls, 40);
  }
}

TEST_F(ShimServerTest, TheShimPassesItsWordsOnAndTheAnswerBack) {
  Strings asked;
  serve(1, [&](const Strings& ids) -> unsigned char {
    asked = ids;
    return 42;
  });
  EXPECT_EQ(shim({"a", "schema@sqlite", "b"}).exit_status, 42);
  server_.reset();
  EXPECT_EQ(asked, (Strings{"a", "schema@sqlite", "b"}));
  EXPECT_EQ(output_, "");
}

TEST_F(ShimServerTest, TheShimCarriesLongChains) {
  std::atomic<std::size_t> count{0};
  serve(1, [&](const Strings& ids) -> unsigned char {
    count = ids.size();
    return 0;
  });
  Strings ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::string(90, 'x') + std::to_string(i));
  EXPECT_EQ(shim(ids).exit_status, 0);
  EXPECT_EQ(count, 1000U);
}

TEST_F(ShimServerTest, TheShimNeverGoesItsOwnWay) {
  EXPECT_EQ(shim({"a"}).exit_status, 125);
  EXPECT_EQ(output_, "devtask-shim: cannot reach devtask at `socket`: No such file or directory\n");
}

TEST_F(ShimServerTest, SaysWhyItCannotStart) {
  const auto server = ShimServer::start(folder_ / "none", "socket", 1, {});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().message, "cannot open `" + (folder_ / "none") + "`: No such file or directory");
}

}  // namespace
}  // namespace devtask
