#include "exec/secret_mask.h"

#include <gtest/gtest.h>

namespace devtask {
namespace {

using Strings = std::vector<std::string>;

// Fed in three pieces, cut at `first` and `second`.
std::string masked(const Strings& secrets, std::string_view text, std::size_t first, std::size_t second) {
  SecretMask mask(secrets);
  std::string shown = mask.feed(text.substr(0, first));
  shown += mask.feed(text.substr(first, second - first));
  shown += mask.feed(text.substr(second));
  return shown + mask.finish();
}

TEST(SecretMaskTest, HidesSecretsWhereverTheTextIsCut) {
  struct Line {
    Strings secrets;  // longest first
    std::string text, shown;
  };
  const Line table[] = {
      {{}, "nothing to hide", "nothing to hide"},
      {{"hunter2"}, "the word is hunter2!", "the word is ***!"},
      {{"hunter2"}, "hunter2hunter2", "******"},
      {{"hunter2"}, "hunter hunter", "hunter hunter"},
      {{"hunter2"}, "huhunter2", "hu***"},
      {{"aab"}, "aaaab", "aa***"},
      {{"abab"}, "ababab", "***ab"},
      {{"x"}, "axbxx", "a***b******"},
      // One secret is the beginning of another, or inside it.
      {{"abcdef", "abc"}, "abcdef", "***"},
      {{"abcdef", "abc"}, "abcde", "***de"},
      {{"abcdef", "abc"}, "abcabcdef", "******"},
      {{"abcdef", "cd"}, "abcdef abcd", "*** ab***"},
      {{"abcdef", "bcd"}, "abcdx", "a***x"},
      {{"two\nlines", "two"}, "a two\nlines two\nb", "a *** ***\nb"},
      // One begins where another has begun.
      {{"aabc", "abd"}, "aabd aabc", "a*** ***"},
      {{"\xff\xfe"}, "\xff\xff\xfe\xfe", "\xff***\xfe"},
  };
  for (const Line& line : table) {
    for (std::size_t first = 0; first <= line.text.size(); ++first) {
      for (std::size_t second = first; second <= line.text.size(); ++second) {
        ASSERT_EQ(masked(line.secrets, line.text, first, second), line.shown)
            << line.text << " cut at " << first << " and " << second;
      }
    }
  }
}

TEST(SecretMaskTest, ShowsAtOnceWhatCannotBeASecret) {
  SecretMask mask({"hunter2"});
  EXPECT_EQ(mask.feed("progress 10%"), "progress 10%");
  EXPECT_EQ(mask.feed(" hunt"), " ");
  EXPECT_EQ(mask.feed("ing"), "hunting");
}

TEST(SecretMaskTest, CanBeUsedAgain) {
  SecretMask mask({"hunter2"});
  EXPECT_EQ(mask.feed("hunter"), "");
  EXPECT_EQ(mask.finish(), "hunter");
  EXPECT_EQ(mask.feed("2 hunter2"), "2 ***");
  EXPECT_EQ(mask.finish(), "");
}

}  // namespace
}  // namespace devtask
