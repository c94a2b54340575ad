#include <gtest/gtest.h>

#include "cli/session.h"
#include "cli/tools.h"
#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "os/machine.h"

namespace devtask {
namespace {

TEST(CacheFolderTest, IsTheFirstThatIsAbsolute) {
  EXPECT_EQ(cache_folder({{"DEVTASK_CACHE_DIR", "/d"}, {"XDG_CACHE_HOME", "/x"}}), "/d");
  EXPECT_EQ(cache_folder({{"DEVTASK_CACHE_DIR", "relative"}, {"XDG_CACHE_HOME", "/x"}}), "/x/devtask");
  EXPECT_EQ(cache_folder({{"XDG_CACHE_HOME", "relative"}}), user_home() + "/.cache/devtask");
}

TEST(CacheLimitsTest, AreReadWithTheirUnits) {
  const auto size = [](const std::string& text) {
    return cache_limits({{"DEVTASK_CACHE_MAX_SIZE", text}})->max_bytes;
  };
  EXPECT_EQ(size("1000"), 1000U);
  EXPECT_EQ(size("500M"), 500ULL << 20);
  EXPECT_EQ(size("10g"), 10ULL << 30);
  EXPECT_EQ(size("2TB"), 2ULL << 40);
  const auto age = [](const std::string& text) {
    return cache_limits({{"DEVTASK_CACHE_MAX_AGE", text}})->max_age;
  };
  EXPECT_EQ(age("30d"), std::chrono::hours(720));
  EXPECT_EQ(age("7"), std::chrono::hours(168));
  EXPECT_EQ(age("12h"), std::chrono::hours(12));
  EXPECT_EQ(cache_limits({{"DEVTASK_CACHE_MAX_SIZE", "1"}}, "2")->max_bytes,
            2U);  // the command line is stronger
}

TEST(CacheLimitsTest, EndWhereNumbersEnd) {
  const auto size = [](const std::string& text) { return cache_limits({}, text)->max_bytes; };
  EXPECT_EQ(size("16777215T"), 16777215ULL << 40);
  EXPECT_EQ(size("16777216T"), 16777215ULL << 40);
  EXPECT_EQ(size("999999999999999g"), 17179869183ULL << 30);
  const auto age = [](const std::string& text) { return cache_limits({}, "", text)->max_age; };
  EXPECT_EQ(age("999999999999999d"), std::chrono::hours(24'000'000));
  EXPECT_EQ(age("999999999999999h"), std::chrono::hours(24'000'000));
}

TEST(CacheLimitsTest, SayWhatIsWrong) {
  const auto said = [](const std::string& size, const std::string& age) {
    const auto limits = cache_limits({}, size, age);
    return limits ? "no complaint" : render(limits.error(), false);
  };
  for (const char* size : {"x", "G", "5x", "-1", "1.5G", "10 G"}) {
    EXPECT_EQ(
        said(size, ""),
        fmt::format(
            "error: `{}` is not a size\n  help: write a number of bytes, or with a unit: `500M`, `10G`\n",
            size));
  }
  for (const char* age : {"x", "d", "5m", "-1d"}) {
    EXPECT_EQ(said("", age),
              fmt::format("error: `{}` is not an age\n  help: write days or hours: `30d`, `12h`\n", age));
  }
}

TEST(FindNinjaTest, TakesTheNamedOneOrLooksInThePath) {
  const TemporaryFolder folder;
  ASSERT_TRUE(make_folders(folder / "bin"));
  const Variables path = {{"PATH", "/none:" + (folder / "bin")}};
  EXPECT_FALSE(find_ninja(path));
  ASSERT_TRUE(write_file(folder / "bin/ninja-build", "", 0755));
  EXPECT_EQ(find_ninja(path).value(), folder / "bin/ninja-build");
  ASSERT_TRUE(write_file(folder / "bin/ninja", "", 0755));
  EXPECT_EQ(find_ninja(path).value(), folder / "bin/ninja");
  EXPECT_EQ(find_ninja({{"DEVTASK_NINJA", folder / "bin/ninja-build"}}).value(), folder / "bin/ninja-build");
  const auto missing = find_ninja({{"DEVTASK_NINJA", folder / "none"}, {"PATH", folder / "bin"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot find `" + (folder / "none") + "`, which runs the tasks");
}

}  // namespace
}  // namespace devtask
