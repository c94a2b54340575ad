#include "migrate/image_store.h"

#include "unit/store/local_store_fixture.h"

namespace devtask {
namespace {

constexpr std::string_view kKey = "devtask-fingerprint 1\nimage head\tsqlite 7c61d0b83f5a\n";

class ImageStoreTest : public LocalStoreFixture {
 protected:
  // Kept and written.
  void keep(const std::string& bytes) {
    ASSERT_TRUE(write_file(image_, bytes));
    const auto store = open();
    ASSERT_TRUE(ImageStore(store.get(), store.get()).keep(kKey, image_));
    ASSERT_TRUE(store->flush());
  }
  // What is fetched, or "none".
  std::string fetched(LocalStore& store, std::string_view key = kKey) {
    EXPECT_TRUE(remove_file(target_));
    const bool found = ImageStore(&store, &store).fetch(key, target_);
    EXPECT_EQ(stat_file(target_).kind, found ? FileKind::kRegular : FileKind::kAbsent);
    return found ? read_file(target_).value() : "none";
  }

  std::string image_ = folder_ / "image.db";
};

TEST_F(ImageStoreTest, IsThereForTheNextProcess) {
  EXPECT_EQ(fetched(*open()), "none");
  keep("small");
  EXPECT_EQ(fetched(*open()), "small");
  EXPECT_EQ(fetched(*open(), "another key"), "none");
  EXPECT_EQ(open()->get_bytes(sha256(kKey)).value(), kKey);
  keep(large());
  EXPECT_EQ(fetched(*open()), large());
}

TEST_F(ImageStoreTest, ReplacesAFile) {
  keep("image");
  ASSERT_TRUE(write_file(target_, "an older one", 0600));
  const auto store = open();
  EXPECT_TRUE(ImageStore(store.get(), store.get()).fetch(kKey, target_));
  EXPECT_EQ(read_file(target_).value(), "image");
  EXPECT_EQ(stat_file(target_).mode, 0644U);
}

TEST_F(ImageStoreTest, HasNothingThatIsDamaged) {
  for (const std::string& bytes : {large(), std::string("small")}) {
    keep(bytes);
    if (bytes.size() > 10) {
      overwrite(blob_path(sha256(bytes)), "flipped");
    } else {
      overwrite_row(sha256(bytes), "flipped");
    }
    ASSERT_TRUE(write_file(target_, "as it was"));
    const auto store = open();
    EXPECT_FALSE(ImageStore(store.get(), store.get()).fetch(kKey, target_));
    EXPECT_EQ(read_file(target_).value(), "as it was");
    keep(bytes);
    EXPECT_EQ(fetched(*open()), bytes);
  }
}

TEST_F(ImageStoreTest, HasNothingThatIsAnotherResult) {
  const auto store = open();
  const auto digest = store->put_bytes("x");
  ActionResult result;
  ASSERT_TRUE(store->store(sha256(kKey), result));
  EXPECT_EQ(fetched(*store), "none");
  result.outputs = {{OutputEntry::Kind::kFile, "out", 0644, *digest, 1, {}}};
  ASSERT_TRUE(store->store(sha256(kKey), result));
  EXPECT_EQ(fetched(*store), "none");
}

TEST_F(ImageStoreTest, ReadsWhereItMayNotWrite) {
  keep("image");
  const auto before = snapshot();
  const auto store = open({}, true);
  EXPECT_EQ(fetched(*store), "image");
  ASSERT_TRUE(write_file(image_, "another"));
  (void)ImageStore(store.get(), store.get()).keep("another key", image_);
  EXPECT_EQ(fetched(*store, "another key"), "none");
  EXPECT_EQ(snapshot(), before);
}

TEST_F(ImageStoreTest, IsCountedVerifiedAndCollectedLikeAnyResult) {
  keep(large());
  EXPECT_EQ(open()->stats()->results, 1U);
  EXPECT_EQ(open()->stats()->blobs, 2U);
  EXPECT_EQ(open()->verify()->problems, std::vector<std::string>{});
  pass(hours(24 * 29));
  EXPECT_EQ(open()->gc({})->results_removed, 0U);
  EXPECT_EQ(fetched(*open()), large());
  EXPECT_TRUE(open()->contains(sha256(kKey)));
  pass(hours(24 * 29));  // it was used meanwhile
  EXPECT_EQ(open()->gc({})->results_removed, 0U);
  pass(hours(24 * 2));
  EXPECT_EQ(open()->gc({})->results_removed, 1U);
  EXPECT_EQ(fetched(*open()), "none");
  EXPECT_EQ(open()->stats()->blobs, 0U);
}

TEST_F(ImageStoreTest, DoesNothingWithoutACache) {
  ASSERT_TRUE(write_file(image_, "image"));
  const auto store = open();
  for (const ImageStore& images :
       {ImageStore(nullptr, nullptr), ImageStore(store.get(), nullptr), ImageStore(nullptr, store.get())}) {
    EXPECT_TRUE(images.keep(kKey, image_));
    EXPECT_FALSE(images.fetch(kKey, target_));
  }
  EXPECT_EQ(stat_file(cache_).kind, FileKind::kAbsent);
}

TEST_F(ImageStoreTest, FailsWhereThereIsNoFile) {
  const auto store = open();
  EXPECT_FALSE(ImageStore(store.get(), store.get()).keep(kKey, folder_ / "absent"));
  EXPECT_EQ(fetched(*store), "none");
}

}  // namespace
}  // namespace devtask
