#include "store/pending_writes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace devtask {
namespace {

Digest digest(int i) { return sha256(std::to_string(i)); }

// Keeps count of what is written, and can be held up.
class PendingWritesTest : public testing::Test {
 protected:
  Result<void> write(const PendingWrites::Batch& batch) {
    const std::lock_guard hold(held_);
    ++writes_;
    blobs_ += batch.blobs.size();
    results_ += batch.results.size();
    uses_ += batch.uses.size();
    if (fails_) return failure("the disk is full");
    return {};
  }
  void add(int i) { pending_->add_result(digest(i), {"text " + std::to_string(i), {}, 1}); }

  std::mutex held_;
  std::atomic<bool> fails_{false};
  std::atomic<std::size_t> writes_{0}, blobs_{0}, results_{0}, uses_{0};
  std::optional<PendingWrites> pending_{std::in_place,
                                        [this](const PendingWrites::Batch& batch) { return write(batch); }};
};

TEST_F(PendingWritesTest, WritesNothingWhereNothingWasAdded) {
  EXPECT_TRUE(pending_->flush());
  pending_->write_uses();
  pending_.reset();
  EXPECT_EQ(writes_, 0U);
}

TEST_F(PendingWritesTest, WritesTogetherWhatCameWhileAnotherWriteWentOn) {
  std::unique_lock hold(held_);
  add(0);
  auto flushed = std::async(std::launch::async, [&] { return pending_->flush(); });
  for (int i = 1; i < 100; ++i) add(i);
  hold.unlock();
  EXPECT_TRUE(flushed.get());
  EXPECT_TRUE(pending_->flush());
  EXPECT_EQ(results_, 100U);
  EXPECT_LE(writes_, 3U);
}

TEST_F(PendingWritesTest, WritesWithoutBeingAsked) {
  std::promise<void> written;
  PendingWrites pending([&](const PendingWrites::Batch&) -> Result<void> {
    written.set_value();
    return {};
  });
  pending.add_use(digest(1), 5);
  written.get_future().wait();
}

TEST_F(PendingWritesTest, WritesTheRestAtTheEnd) {
  add(1);
  pending_->add_blob(digest(2), {{"content", 7}, 1});
  pending_->add_use(digest(3), 1);
  pending_.reset();
  EXPECT_EQ(results_, 1U);
  EXPECT_EQ(blobs_, 1U);
  EXPECT_EQ(uses_, 1U);
}

TEST_F(PendingWritesTest, ShowsWhatIsPendingAndWhatIsBeingWrittenAndTheNewer) {
  std::unique_lock hold(held_);
  add(1);
  pending_->add_blob(digest(2), {{"content", 7}, 1});
  auto flushed = std::async(std::launch::async, [&] { return pending_->flush(); });
  EXPECT_EQ(pending_->result(digest(1)), "text 1");
  EXPECT_EQ(pending_->blob(digest(2))->bytes, "content");
  EXPECT_TRUE(pending_->has_blob(digest(2)));
  pending_->add_result(digest(1), {"newer", {}, 1});
  EXPECT_EQ(pending_->result(digest(1)), "newer");
  EXPECT_EQ(pending_->result(digest(2)), std::nullopt);
  EXPECT_FALSE(pending_->has_blob(digest(1)));
  hold.unlock();
  EXPECT_TRUE(flushed.get());
  EXPECT_TRUE(pending_->flush());
  EXPECT_EQ(pending_->result(digest(1)), std::nullopt) << "whoever wants it finds it where it was written";
  EXPECT_FALSE(pending_->has_blob(digest(2)));
}

TEST_F(PendingWritesTest, TellsAFailureOnce) {
  fails_ = true;
  add(1);
  const auto flushed = pending_->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().message, "the disk is full");
  EXPECT_EQ(pending_->result(digest(1)), std::nullopt);
  EXPECT_TRUE(pending_->flush());
  fails_ = false;
  add(2);
  EXPECT_TRUE(pending_->flush());
  EXPECT_EQ(results_, 2U);
}

TEST_F(PendingWritesTest, AFailureOfTheThreadIsToldLater) {
  fails_ = true;
  pending_->add_use(digest(1), 1);
  pending_->write_uses();
  fails_ = false;
  add(2);
  EXPECT_FALSE(pending_->flush());
  EXPECT_EQ(uses_, 1U);
  EXPECT_EQ(results_, 1U);
}

TEST_F(PendingWritesTest, StaysSmallWhateverIsAdded) {
  std::size_t most = 0;
  PendingWrites pending([&](const PendingWrites::Batch& batch) -> Result<void> {
    most = std::max(most, batch.bytes);
    return {};
  });
  const std::string bytes(64 * 1024, 'x');
  for (int i = 0; i < 1000; ++i) pending.add_blob(digest(i), {{bytes, bytes.size()}, 1});
  EXPECT_TRUE(pending.flush());
  EXPECT_LE(most, 17U << 20);
}

TEST_F(PendingWritesTest, TakesFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        const int number = thread * 1000 + i;
        add(number);
        pending_->add_blob(digest(number), {{"content", 7}, 1});
        if (i % 50 == 49) {
          EXPECT_TRUE(pending_->flush());
          EXPECT_EQ(pending_->result(digest(number)), std::nullopt);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(results_, 800U);
  EXPECT_EQ(blobs_, 800U);
}

}  // namespace
}  // namespace devtask
