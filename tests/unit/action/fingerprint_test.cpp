#include "action/fingerprint.h"

#include <gtest/gtest.h>

#include "action/escaped_text.h"

namespace devtask {
namespace {

const std::string kOne = "0644 " + std::string(64, '1');
const std::string kTwo = "0644 " + std::string(64, '2');
const std::string kThree = "0644 " + std::string(64, '3');

struct FactList {
  std::string kind, name, value;
};

std::string text_of(const std::vector<FactList>& facts) {
  Fingerprint fingerprint;
  for (const auto& [kind, name, value] : facts) fingerprint.add(kind, name, value);
  return fingerprint.text();
}

std::vector<std::string> sentences(const std::vector<FactList>& before, const std::vector<FactList>& after) {
  std::vector<std::string> sentences;
  for (const Change& change : explain(text_of(before), text_of(after)))
    sentences.push_back(change.sentence());
  return sentences;
}

using Strings = std::vector<std::string>;

TEST(Fingerprint, IsSortedLines) {
  EXPECT_EQ(
      text_of({{"input", "b", kTwo}, {"env", "HOME", "x"}, {"input", "a", kOne}, {"input", "a b", "absent"}}),
      "devtask-fingerprint 1\n"
      "env HOME\tx\n"
      "input a\t" +
          kOne +
          "\n"
          "input a b\tabsent\n"
          "input b\t" +
          kTwo + "\n");
}

TEST(Fingerprint, OfNothingIsItsHeader) { EXPECT_EQ(Fingerprint().text(), "devtask-fingerprint 1\n"); }

TEST(Fingerprint, DoesNotDependOnTheOrderOfFacts) {
  const std::vector<FactList> facts = {
      {"input", "b", "1"}, {"command", "1", "x"}, {"input", "a", "2"}, {"input", "ab", "3"}};
  std::vector<FactList> reversed(facts.rbegin(), facts.rend());
  EXPECT_EQ(text_of(facts), text_of(reversed));
}

TEST(Fingerprint, EscapesWhatWouldLookLikeAnotherFact) {
  EXPECT_EQ(text_of({{"env", "A\tB", "x\nenv C\ty"}}), "devtask-fingerprint 1\nenv A\\tB\tx\\nenv C\\ty\n");
  EXPECT_NE(text_of({{"env", "A", "B\tC"}}), text_of({{"env", "A\tB", "C"}}));
}

TEST(EscapedText, IsWhatEscapeLineMakes) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t place = 0; place < 20; ++place) {
      std::string bytes(20, 'x');
      bytes[place] = static_cast<char>(byte);
      std::string text;
      append_escaped(text, bytes);
      EXPECT_EQ(text, escape_line(bytes));
      EXPECT_EQ(is_plain(bytes), escape_line(bytes) == bytes) << byte;
    }
  }
}

TEST(Explain, FindsNothingInEqualTexts) {
  EXPECT_EQ(sentences({{"input", "a", kOne}}, {{"input", "a", kOne}}), Strings{});
}

TEST(Explain, TellsWhatHappenedToEachKindOfFact) {
  EXPECT_EQ(sentences({{"input", "ui/src/main.ts", kOne}}, {{"input", "ui/src/main.ts", kTwo}}),
            Strings{"ui/src/main.ts changed"});
  EXPECT_EQ(sentences({}, {{"input", "src/new.py", kOne}}), Strings{"src/new.py added"});
  EXPECT_EQ(sentences({{"input", "src/old.py", kOne}}, {}), Strings{"src/old.py removed"});
  EXPECT_EQ(sentences({{"env", "X", "1"}}, {{"env", "X", "2"}}), Strings{"environment variable X changed"});
  EXPECT_EQ(sentences({}, {{"env", "X", "2"}}), Strings{"environment variable X added"});
  EXPECT_EQ(sentences({{"command", "1", "1"}}, {{"command", "1", "2"}}), Strings{"its command changed"});
  EXPECT_EQ(sentences({{"program", "node", "1"}}, {{"program", "node", "2"}}),
            Strings{"program node changed"});
  EXPECT_EQ(sentences({{"dep", "venv", "1"}}, {{"dep", "venv", "2"}}),
            Strings{"its dependency venv changed"});
  EXPECT_EQ(sentences({{"commit", "", "none"}}, {{"commit", "", std::string(40, 'a')}}),
            Strings{"commit changed: none → aaaaaaaaaaaa"});
  EXPECT_EQ(
      sentences({{"commit", "", std::string(40, 'a') + " (cut)"}}, {{"commit", "", std::string(64, 'b')}}),
      Strings{"commit changed: aaaaaaaaaaaa (cut) → bbbbbbbbbbbb"});
  EXPECT_EQ(sentences({}, {{"commit", "", "none"}}), Strings{"commit added"});
  EXPECT_EQ(sentences({{"cwd", "", "a"}}, {{"cwd", "", "b"}}), Strings{"its working directory changed"});
  EXPECT_EQ(sentences({{"platform", "", "a"}}, {{"platform", "", "b"}}), Strings{"the platform changed"});
  EXPECT_EQ(sentences({{"shell", "", "sh"}}, {{"shell", "", "bash"}}), Strings{"its shell changed"});
  EXPECT_EQ(sentences({{"timeout", "", "1"}}, {{"timeout", "", "2"}}), Strings{"its time limit changed"});
  EXPECT_EQ(sentences({{"task", "name", "a"}}, {{"task", "name", "b"}}), Strings{"its name changed"});
  EXPECT_EQ(sentences({}, {{"output", "dist/", ""}}), Strings{"output dist/ added"});
  EXPECT_EQ(sentences({{"weather", "sky", "blue"}}, {{"weather", "sky", "grey"}}),
            Strings{"weather sky changed"});
}

TEST(Explain, StartsWithTheMostTelling) {
  EXPECT_EQ(sentences({{"platform", "", "a"},
                       {"input", "b", kOne},
                       {"input", "a", kOne},
                       {"env", "E", "1"},
                       {"dep", "d", "1"},
                       {"command", "1", "x"},
                       {"program", "p", "1"},
                       {"zeal", "z", "1"}},
                      {{"platform", "", "b"},
                       {"input", "b", kTwo},
                       {"input", "a", kTwo},
                       {"env", "E", "2"},
                       {"dep", "d", "2"},
                       {"command", "1", "y"},
                       {"program", "p", "2"},
                       {"zeal", "z", "2"}}),
            (Strings{"its command changed", "environment variable E changed", "program p changed",
                     "the platform changed", "a changed", "b changed", "its dependency d changed",
                     "zeal z changed"}));
}

TEST(Explain, TellsAChangedCommandOnce) {
  EXPECT_EQ(sentences({{"command", "1", "a"}, {"command", "2", "b"}},
                      {{"command", "1", "x"}, {"command", "2", "y"}, {"command", "3", "z"}}),
            Strings{"its command changed"});
}

TEST(Explain, RecognizesARenamedFile) {
  EXPECT_EQ(sentences({{"input", "a.py", kOne}, {"input", "b.py", kTwo}},
                      {{"input", "c.py", kOne}, {"input", "b.py", kTwo}}),
            Strings{"a.py renamed to c.py"});
  const auto changes = explain(text_of({{"input", "a.py", kOne}}), text_of({{"input", "c.py", kOne}}));
  EXPECT_EQ(changes, (std::vector<Change>{{Change::What::kRenamed, "input", "c.py", kOne, kOne, "a.py"}}));
}

TEST(Explain, PrefersTheSameFileNameForARename) {
  EXPECT_EQ(sentences({{"input", "a/__init__.py", kOne}, {"input", "a/empty.py", kOne}},
                      {{"input", "b/another.py", kOne}, {"input", "b/empty.py", kOne}}),
            (Strings{"a/__init__.py renamed to b/another.py", "a/empty.py renamed to b/empty.py"}));
}

TEST(Explain, DoesNotInventRenames) {
  // One file left, two came.
  EXPECT_EQ(sentences({{"input", "a", kOne}}, {{"input", "b", kOne}, {"input", "c", kOne}}),
            (Strings{"a renamed to b", "c added"}));
  EXPECT_EQ(sentences({{"input", "a", kOne}}, {{"input", "b", kTwo}}), (Strings{"a removed", "b added"}));
  // Not content.
  EXPECT_EQ(sentences({{"input", "a", "absent"}}, {{"input", "b", "absent"}}),
            (Strings{"a removed", "b added"}));
  EXPECT_EQ(sentences({{"env", "A", kOne}}, {{"env", "B", kOne}}),
            (Strings{"environment variable A removed", "environment variable B added"}));
}

TEST(Explain, KeepsASentenceOnOneLine) {
  EXPECT_EQ(sentences({}, {{"input", "a\nb", kOne}}), Strings{"a\\nb added"});
  EXPECT_EQ(explain(text_of({}), text_of({{"env", "A\tB", "x\ny"}})),
            (std::vector<Change>{{Change::What::kAdded, "env", "A\tB", "", "x\ny", ""}}));
}

TEST(Explain, TellsAnotherVersionOfTheText) {
  const auto changes = explain("devtask-fingerprint 0\ninput a\t1\n", text_of({{"input", "a", "1"}}));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].sentence(), "devtask's own way to look at tasks changed");
}

TEST(Explain, TakesAnyText) {
  for (const std::string_view text :
       {"", "\n", "x", "x\n\n\ny", "x\n \n\t\n a\tb", "x\nonly-kind\nkind name\nkind name\tvalue"}) {
    for (const Change& change : explain(text, text_of({{"input", "a", kOne}})))
      EXPECT_NE(change.sentence(), "");
    for (const Change& change : explain(text_of({{"input", "a", kOne}}), text))
      EXPECT_NE(change.sentence(), "");
  }
}

TEST(Explain, ComparesFactsThatComeMoreThanOnce) {
  EXPECT_EQ(
      sentences({{"output", "a", "1"}, {"output", "a", "2"}}, {{"output", "a", "2"}, {"output", "a", "3"}}),
      Strings{"output a changed"});
  EXPECT_EQ(sentences({{"output", "a", "1"}}, {{"output", "a", "1"}, {"output", "a", "2"}}),
            Strings{"output a added"});
}

// A cache that others write to must not speak to the terminal.
TEST(ExplainTest, TellsAnUnknownKindInOneLineWithoutControlCharacters) {
  const auto changes = explain("devtask-fingerprint 1\n", "devtask-fingerprint 1\n\x1b[2Jx name\tvalue\n");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].sentence(), "\\x1b[2Jx name added");
}

}  // namespace
}  // namespace devtask
