#include "os/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>
#include <vector>

#include "fakes/temporary_folder.h"
#include "fakes/unix_client.h"

namespace devtask {
namespace {

class SocketTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  WakePipe stop_ = *WakePipe::create();
};

TEST_F(SocketTest, AnswersALine) {
  auto socket = ListeningSocket::create(folder_.path(), "s");
  ASSERT_TRUE(socket);
  EXPECT_EQ(stat_file(folder_ / "s").mode, 0600U);
  const Fd client = connect_to(folder_.path(), "s");
  ASSERT_TRUE(send_text(client, "a b c\n"));
  const auto connection = socket->accept(stop_.read.get());
  ASSERT_TRUE(connection);
  EXPECT_EQ(read_line(connection->get(), 100), "a b c");
  EXPECT_TRUE(send_byte(connection->get(), 42));
  EXPECT_EQ(receive_byte(client), 42);
}

TEST_F(SocketTest, WorksInAFolderWhosePathIsLongerThanAnAddress) {
  const std::string folder = folder_ / std::string(120, 'x') + "/" + std::string(120, 'y');
  ASSERT_TRUE(make_folders(folder));
  auto socket = ListeningSocket::create(folder, "s");
  ASSERT_TRUE(socket);
  EXPECT_TRUE(connect_to(folder, "s"));
}

TEST_F(SocketTest, SaysWhyItCannotListen) {
  const auto message = [&](const std::string& folder, const std::string& name) {
    const auto socket = ListeningSocket::create(folder, name);
    return socket ? "listens" : socket.error().message;
  };
  EXPECT_EQ(message(folder_ / "none", "s"),
            "cannot open `" + (folder_ / "none") + "`: No such file or directory");
  ASSERT_TRUE(write_file(folder_ / "taken", ""));
  EXPECT_EQ(message(folder_.path(), "taken"),
            "cannot listen on `" + (folder_ / "taken") + "`: Address already in use");
  const std::string name(110, 'n');
  EXPECT_EQ(message(folder_.path(), name), "the socket's name `" + name + "` is too long");
}

TEST_F(SocketTest, PutsALineTogetherFromItsPieces) {
  auto socket = ListeningSocket::create(folder_.path(), "s");
  Fd client = connect_to(folder_.path(), "s");
  const auto connection = socket->accept(stop_.read.get());
  ASSERT_TRUE(connection);
  std::jthread sender([&] {
    for (const char* piece : {"on", "e l", "ine", "\n"}) EXPECT_TRUE(send_text(client, piece));
  });
  EXPECT_EQ(read_line(connection->get(), 100), "one line");
}

TEST_F(SocketTest, TakesNoLineThatIsCutOrTooLong) {
  auto socket = ListeningSocket::create(folder_.path(), "s");
  const auto line_of = [&](std::string_view text) {
    Fd client = connect_to(folder_.path(), "s");
    EXPECT_TRUE(send_text(client, text));
    client.reset();
    const auto connection = socket->accept(stop_.read.get());
    return read_line(connection->get(), 10);
  };
  EXPECT_EQ(line_of("123456789\n"), "123456789");
  EXPECT_EQ(line_of("1234567890\n"), std::nullopt);
  EXPECT_EQ(line_of("cut"), std::nullopt);
  EXPECT_EQ(line_of("\n"), "");
}

TEST_F(SocketTest, SaysWhenThePeerIsGone) {
  auto socket = ListeningSocket::create(folder_.path(), "s");
  Fd client = connect_to(folder_.path(), "s");
  const auto connection = socket->accept(stop_.read.get());
  client.reset();
  EXPECT_FALSE(send_byte(connection->get(), 1));  // and no SIGPIPE
}

TEST_F(SocketTest, StopsAllThatWait) {
  auto socket = ListeningSocket::create(folder_.path(), "s");
  std::vector<std::jthread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] { EXPECT_EQ(socket->accept(stop_.read.get()).has_value(), false); });
  }
  stop_.wake();
}

// All workers wake for one connection, one of them gets it: the others must not wait in accept() where
// nothing but another connection would wake them.
TEST_F(SocketTest, AWorkerThatCameTooLateStillStops) {
  for (int round = 0; round < 200; ++round) {
    const std::string name = "s" + std::to_string(round);
    auto socket = ListeningSocket::create(folder_.path(), name);
    ASSERT_TRUE(socket);
    WakePipe stop = *WakePipe::create();
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&] {
        while (const auto connection = socket->accept(stop.read.get())) send_byte(connection->get(), 1);
      });
    }
    const Fd client = connect_to(folder_.path(), name);
    EXPECT_EQ(receive_byte(client), 1);
    stop.wake();
  }
}

TEST_F(SocketTest, FindsAPortThatAServerCanTake) {
  const int port = free_loopback_port().value();
  const Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_NE(free_loopback_port().value(), port);  // taken now
}

}  // namespace
}  // namespace devtask
