#include "migrate/notes_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kLabels{"SQLite", "Postgres"};

std::string prefect() {
  return read_file(DEVTASK_TEST_FOLDER "/unit/migrate/samples/prefect_notes.md").value();
}
std::string flows() {
  return read_file(DEVTASK_TEST_FOLDER "/../examples/flows/src/flows/migrations/MIGRATION-NOTES.md").value();
}

// "3 Title | 4 SQLite a,b | 5 Postgres None".
std::vector<std::string> told(std::string_view text) {
  std::vector<std::string> all;
  for (const NotesEntry& entry : parse_notes(text, kLabels)) {
    std::string line = fmt::format("{} {}", entry.line, entry.title);
    for (const NotedRevision& each : entry.revisions)
      line += fmt::format(" | {} {} {}", each.line, each.label,
                          each.none ? "None" : fmt::format("{}", fmt::join(each.ids, ",")));
    all.push_back(line);
  }
  return all;
}

std::vector<RevisionToNote> both(const std::string& sqlite, const std::string& postgres) {
  return {{"SQLite", sqlite}, {"Postgres", postgres}};
}

// With that entry, and the same once more.
std::string with(const std::string& text, const std::string& title,
                 const std::vector<RevisionToNote>& revisions) {
  std::string once = with_entry(text, title, revisions);
  EXPECT_EQ(with_entry(once, title, revisions), once);
  return once;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(ParseNotesTest, ReadsPrefects) {
  EXPECT_THAT(
      told(prefect()),
      ElementsAre(
          "11 Remove Flow Run foreign keys | 12 SQLite f3df94dca3cc | 13 Postgres 7d918a392297",
          "15 Remove Artifact foreign keys | 16 SQLite 8d148e44e669 | 17 Postgres cfdfec5d7557",
          "19 Initial schema migration for the artifacts/results table | 20 SQLite f92143d30c24 | 21 "
          "Postgres 2882cd2df463",
          "25 Add `CANCELLING` to StateType enum | 26 SQLite None | 27 Postgres 9326a6aee18b",
          "29 Add infrastructure_pid to flow runs | 30 SQLite 7201de756d85 | 31 Postgres 5d526270ddb4",
          "33 Add index for partial work queue name match | 34 SQLite None | 35 Postgres 41e5ed9e1034",
          "37 Add version to block schema | 38 SQLite e757138e954a | 39 Postgres 2d5e000696f1",
          "41 Add work queue name to runs | 42 SQLite 575634b7acd4 | 43 Postgres 77eb737fc759",
          "45 Add more fields to deployments | 47 SQLite 296e2665785f | 48 Postgres 60e428f92a75",
          "50 Renames existing block types and deletes removed block types | 52 SQLite 628a873f0d1a | "
          "53 Postgres bb4dc90d3e29",
          "54 Removing default storage block document | 56 SQLite 56be24fdb383 | 57 Postgres 0f27d462bf6d",
          "59 Index FlowRun.flow_runner_type | 61 SQLite f327e877e423 | 62 Postgres d115556a8ab6",
          "65 Add block spec table | 67 SQLite e1ff4973a9eb | 68 Postgres 4799f657a6a1",
          "70 Add block storage | 74 SQLite 619bea85701a | 75 Postgres 5f376def75c3",
          "77 Intial | 83 SQLite 9725c1cbee35 | 84 Postgres 25f4b90a7a42"));
}

TEST(ParseNotesTest, ReadsFlows) {
  EXPECT_THAT(
      told(flows()),
      ElementsAre(
          "11 Add concurrency limit to deployments | 13 SQLite 7c61d0b83f5a | 15 Postgres ad53e2efa1b9",
          "17 Create flows, deployments and runs | 19 SQLite 03fb147e225b | 21 Postgres 4145a9feec10"));
}

TEST(ParseNotesTest, ReadsWhatPeopleWrite) {
  const auto one = [](const std::string& lines) { return told("# T\n" + lines); };
  EXPECT_THAT(one("sqlite:`a`\nPOSTGRES :  b"), ElementsAre("1 T | 2 SQLite a | 3 Postgres b"));
  EXPECT_THAT(one("SQLite: `a`, `b` and `c`\nPostgres: d, e."),
              ElementsAre("1 T | 2 SQLite a,b,c | 3 Postgres d,e"));
  EXPECT_THAT(one("- **SQLite**: a (see [b](c))\n* __Postgres:__ None"),
              ElementsAre("1 T | 2 SQLite a | 3 Postgres None"));
  EXPECT_THAT(one("SQLite: [`a`](x/a.py), [b](x/b.py)\nPostgres: `none`"),
              ElementsAre("1 T | 2 SQLite a,b | 3 Postgres None"));
  EXPECT_THAT(one("SQLite: `a`, b, as x wanted\nPostgres: c"),
              ElementsAre("1 T | 2 SQLite a,b | 3 Postgres c"));
  EXPECT_THAT(one("SQLite: `a`, Postgres: `b`"), ElementsAre("1 T | 2 SQLite a | 2 Postgres b"));
  EXPECT_THAT(one("SQLite: None / **Postgres:** b"), ElementsAre("1 T | 2 SQLite None | 2 Postgres b"));
  EXPECT_THAT(one("SQLite: None, nothing to do\nPostgres: -"),
              ElementsAre("1 T | 2 SQLite None | 3 Postgres None"));
  EXPECT_THAT(one("SQLite:\nPostgres: `a` - was `b`"), ElementsAre("1 T | 2 SQLite  | 3 Postgres a"));
  EXPECT_THAT(one("SQLite: `a`\nSQLite: `b`\nPostgres: c\n"),
              ElementsAre("1 T | 2 SQLite a | 3 SQLite b | 4 Postgres c"));
}

TEST(ParseNotesTest, LeavesProseAlone) {
  const auto one = [](const std::string& lines) { return told("# T\nPostgres: a\n" + lines); };
  for (const char* prose :
       {"SQLite: no change is needed", "SQLite: see `x`", "SQLite `x`", "On SQLite: `x`", "SQLite: `x",
        "    SQLite: `x`", "\tSQLite: `x`", "```\nSQLite: `x`\n# U\n```", "~~~~ md\nSQLite: `x`\n~~~\n~~~~",
        "<!--\nSQLite: `x`\n-->", "<!-- SQLite: `x` -->", "#SQLite: `x`", "SQLite: ``", "SQLite: [x](y"}) {
    EXPECT_THAT(one(prose), ElementsAre("1 T | 2 Postgres a")) << prose;
  }
  EXPECT_THAT(one("```\nnever closed\n# U\nSQLite: `x`"),
              ElementsAre("1 T | 2 Postgres a", "5 U | 6 SQLite x"));
  EXPECT_THAT(told("# Notes\n\nSQLite is one word.\n"), IsEmpty());
  EXPECT_THAT(told(""), IsEmpty());
}

TEST(ParseNotesTest, TellsEntriesFromParts) {
  EXPECT_THAT(told("# Notes\n# 2023\n## A\n## B ##\nSQLite: b\n### Why\n## C\n# 2022\n## D\nPostgres: d\n"),
              ElementsAre("3 A", "4 B | 5 SQLite b", "7 C", "9 D | 10 Postgres d"));
  EXPECT_THAT(told("\xEF\xBB\xBF# A\r\nSQLite: a\r\n"), ElementsAre("1 A | 2 SQLite a"));
}

TEST(WithEntryTest, WritesLikePrefect) {
  const std::string text = prefect();
  EXPECT_EQ(with(text, "Add flow run new column", both("0123456789ab", "ba9876543210")),
            replaced(text, "# Remove Flow Run foreign keys\n",
                     "# Add flow run new column\nSQLite: `0123456789ab`\nPostgres: `ba9876543210`\n\n"
                     "# Remove Flow Run foreign keys\n"));
  EXPECT_EQ(
      with(text, "Index it", both("", "ba9876543210")),
      replaced(text, "# Remove Flow Run foreign keys\n",
               "# Index it\nSQLite: None\nPostgres: `ba9876543210`\n\n# Remove Flow Run foreign keys\n"));
}

TEST(WithEntryTest, WritesLikeFlows) {
  const std::string text = flows();
  EXPECT_EQ(
      with(text, "Add x", {{"Postgres", "b"}, {"SQLite", "a"}}),
      replaced(text, "## Add concurrency", "## Add x\n\nSQLite: `a`\n\nPostgres: `b`\n\n## Add concurrency"));
}

TEST(WithEntryTest, TakesTheFormOfTheNewest) {
  const std::string windows =
      "\xEF\xBB\xBF# Notes\r\n\r\n### A\r\n* **postgres**: a\r\n* **sqlite**: n/a\r\n";
  EXPECT_EQ(with(windows, "New", both("s", "p")),
            replaced(windows, "### A", "### New\r\n* **postgres**: p\r\n* **sqlite**: s\r\n\r\n### A"));
  EXPECT_EQ(with(windows, "New", both("", "p")),
            replaced(windows, "### A", "### New\r\n* **postgres**: p\r\n* **sqlite**: n/a\r\n\r\n### A"));
  const std::string in_line = "## A\nSQLite: `a` / Postgres: `b`\n\n\n## B\nPostgres: c";
  EXPECT_EQ(with(in_line, "New", both("s", "p")), "## New\nSQLite: `s` / Postgres: `p`\n\n\n" + in_line);
  const std::string single = "## A\n\nWhy.\n\n- sqlite: a\n\n## B\n\nSQLite: `None`\n";
  EXPECT_EQ(with(single, "New", both("", "p")), "## New\n\n- sqlite: `None`\n\n- Postgres: p\n\n" + single);
  EXPECT_EQ(with("## A\nSQLite:a\n", "New", {{"SQLite", "_b"}}), "## New\nSQLite:`_b`\n\n## A\nSQLite:a\n");
  const std::string linked = "# A\nSQLite: [`a`](a.py)\nPostgres: [`b`](b.py)\n";
  EXPECT_EQ(with(linked, "New", both("s", "p")), "# New\nSQLite: `s`\nPostgres: `p`\n\n" + linked);
}

TEST(WithEntryTest, BeginsAFile) {
  const std::string entry = "## New\n\nSQLite: `s`\n\nPostgres: None\n";
  EXPECT_EQ(with("", "New", both("s", "")), "# Migration notes\n\n" + entry);
  EXPECT_EQ(with("# Notes\n", "New", both("s", "")), "# Notes\n\n" + entry);
  EXPECT_EQ(with("# Notes\n\n", "New", both("s", "")), "# Notes\n\n" + entry);
  EXPECT_EQ(with("# Notes", "New", both("s", "")), "# Notes\n\n" + entry.substr(0, entry.size() - 1));
  EXPECT_EQ(with("Notes\r\n", "New", {{"SQLite", "s"}}), "Notes\r\n\r\n## New\r\n\r\nSQLite: `s`\r\n");
  EXPECT_EQ(with("```\nopen\n", "New", both("s", "")), "```\nopen\n\n" + entry);
}

TEST(WithEntryTest, PutsPartsInFront) {
  const std::string text =
      "# Notes\n\n```\n# Title\nSQLite: `id`\n```\n\n# 2023\n\n## A\nSQLite: a\nPostgres: b\n";
  EXPECT_EQ(with(text, "New", both("s", "p")),
            replaced(text, "## A", "## New\nSQLite: s\nPostgres: p\n\n## A"));
}

TEST(WithEntryTest, CompletesTheEntryAtTheTop) {
  const std::string rest = "\n# Old\nSQLite: `o`\nPostgres: `o`\n";
  for (const std::string sqlite : {"SQLite: None\n", "SQLite:\n", "SQLite: \n", ""}) {
    EXPECT_EQ(with("# New\n" + sqlite + "Postgres: `p`\nProse.\n" + rest, "New", both("s", "")),
              "# New\nSQLite: `s`\nPostgres: `p`\nProse.\n" + rest);
  }
  EXPECT_EQ(with("# New\nSQLite: `s`\n" + rest, "new", both("", "p")),
            "# New\nSQLite: `s`\nPostgres: `p`\n" + rest);
  EXPECT_EQ(with("# Notes\n\n# New\nProse.\n" + rest, "New", both("s", "p")),
            "# Notes\n\n# New\nSQLite: `s`\nPostgres: `p`\n\nProse.\n" + rest);
  EXPECT_EQ(with("# New", "New", both("s", "")), "# New\n\nSQLite: `s`\n\nPostgres: None");
  EXPECT_EQ(with("# New\nSQLite: None so far\nPostgres: p", "New", both("s", "")),
            "# New\nSQLite: `s` so far\nPostgres: p");
  const std::string taken = "# New\nSQLite: `s`\nPostgres: None\n";
  EXPECT_EQ(with(taken, "New", both("t", "p")), "# New\nSQLite: `t`\nPostgres: `p`\n\n" + taken);
}

TEST(WithEntryTest, CompletesTheEntryOfAnId) {
  const std::string text = "# A\nSQLite: a\nPostgres: b\n\n# B\nSQLite: c\nPostgres: None\n";
  EXPECT_EQ(with(text, "New", both("c", "d")), replaced(text, "None", "d"));
  EXPECT_EQ(with(text, "New", both("a", "d")), replaced(text, "b\n", "b, d\n"));
  for (const auto& known : {both("c", ""), both("a", "b"), both("", "b"), both("c", "b"), both("", "")})
    EXPECT_EQ(with(text, "New", known), text);
}

TEST(TitleOfTest, MakesASentence) {
  EXPECT_EQ(title_of("add_flow_run_new_column"), "Add flow run new column");
  EXPECT_EQ(title_of("Add flow_run column"), "Add flow_run column");
  EXPECT_EQ(title_of("add re-runs"), "Add re-runs");
}

TEST(TitleOfTest, IsHarmless) {
  EXPECT_EQ(title_of("\n## x\r\n`y`\x1b[1m\t #"), "X 'y' [1m");
  EXPECT_EQ(title_of("use c# <!-- x"), "Use c# <-- x");
  EXPECT_EQ(title_of("<!!-- x"), "<-- x");
  EXPECT_EQ(title_of("a --> b->c"), "A -- b->c");
  EXPECT_EQ(title_of(""), "Migration");
  EXPECT_EQ(title_of("_#_"), "Migration");
  EXPECT_EQ(title_of("été"), "été");
  EXPECT_EQ(with("", "# a\nSQLite: `x`", both("s", "")),
            "# Migration notes\n\n## a SQLite: 'x'\n\nSQLite: `s`\n\nPostgres: None\n");
}

std::vector<std::string> problems(const std::string& text, const std::vector<RevisionsToFind>& dialects) {
  std::vector<std::string> all;
  for (const NotesProblem& each : notes_problems(text, dialects))
    all.push_back(fmt::format("{}{}: {} ({})", each.line, each.fresh ? "" : " old", each.message, each.help));
  return all;
}

TEST(NotesProblemsTest, AreFound) {
  const std::string text =
      "# Notes\n\n# B\nSQLite: b, x\n\n# C\nSQLite: None\nPostgres:\n\n# A\nSQLite: a\n\n# Z\nPostgres: "
      "z\nSQLite: y\n";
  EXPECT_THAT(
      problems(text, {{"SQLite", {"b"}, {"a", "b"}}, {"Postgres", {"q"}, {"z", "q"}}}),
      ElementsAre(
          "3: there is no entry with the revision `q` of Postgres (write one at the top, with a line "
          "``Postgres: `q` ``)",
          "3: the entry `B` has no revision of Postgres (write `Postgres: None` if it needs none)",
          "4: `x`, of the entry `B`, is no revision of SQLite (correct the id, or remove it if the "
          "revision is gone)",
          "6: the entry `C` has no revision of Postgres (write `Postgres: None` if it needs none)",
          "10 old: the entry `A` has no revision of Postgres (write `Postgres: None` if it needs none)",
          "15 old: `y`, of the entry `Z`, is no revision of SQLite (correct the id, or remove it if the "
          "revision is gone)"));
  EXPECT_THAT(
      problems("", {{"SQLite", {"a"}, {"a"}}}),
      ElementsAre("1: there is no entry with the revision `a` of SQLite (write one at the top, with a "
                  "line ``SQLite: `a` ``)"));
  EXPECT_THAT(problems(text, {}), IsEmpty());
}

TEST(NotesProblemsTest, AreNotInPrefects) {
  std::vector<RevisionsToFind> dialects{{"SQLite", {}, {}}, {"Postgres", {}, {}}};
  for (const NotesEntry& entry : parse_notes(prefect(), kLabels)) {
    for (const NotedRevision& each : entry.revisions)
      for (const std::string& id : each.ids) dialects[each.label == "SQLite" ? 0 : 1].all.push_back(id);
  }
  dialects[0].fresh = {"f3df94dca3cc", "7201de756d85"};
  EXPECT_THAT(problems(prefect(), dialects), IsEmpty());
}

}  // namespace
}  // namespace devtask
