#include "plan/schedule.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace devtask {
namespace {

// A plan and its states from lines "name verdict [asked] [here] <- deps", dependencies first; verdicts are
// stale, cached, fine, waiting and group; a dependency written `~x` comes before without being read.
struct Case {
  Plan plan;
  std::vector<TaskState> states;
};

Case read_case(const std::string& text, bool only = false) {
  Case made;
  made.plan.only = only;
  std::map<std::string, TaskIndex> index;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    PlannedTask task;
    TaskState state;
    std::string word, verdict;
    words >> task.label >> verdict;
    if (verdict != "group") task.steps.emplace_back();
    state.verdict = verdict == "stale"    ? Verdict::kStale
                    : verdict == "cached" ? Verdict::kCached
                    : verdict == "fine"   ? Verdict::kUpToDate
                                          : Verdict::kWaiting;
    while (words >> word) {
      if (word == "asked") {
        task.requested = true;
      } else if (word == "here") {
        state.was_here = true;
      } else if (word.starts_with('~')) {
        task.after.push_back(index.at(word.substr(1)));
      } else if (word != "<-") {
        task.deps.push_back(index.at(word));
      }
    }
    index[task.label] = made.plan.tasks.size();
    made.plan.tasks.push_back(std::move(task));
    made.states.push_back(std::move(state));
  }
  return made;
}

std::string labels(const Plan& plan, const std::vector<TaskIndex>& tasks) {
  std::string text;
  for (const TaskIndex index : tasks) text += " " + plan.tasks[index].label;
  return text;
}

std::string scheduled(const std::string& text, bool only = false) {
  const Case made = read_case(text, only);
  const Schedule schedule = make_schedule(made.plan, made.states);
  return "fine:" + labels(made.plan, schedule.up_to_date) +
         " restore:" + labels(made.plan, schedule.restore) + " run:" + labels(made.plan, schedule.run);
}

TEST(ScheduleTest, DoesWhatIsNeededAndNoMore) {
  const std::pair<std::string, std::string> table[] = {
      {"a fine asked", "fine: a restore: run:"},
      {"a cached asked", "fine: restore: a run:"},
      {"a stale asked", "fine: restore: run: a"},
      {"a stale", "fine: restore: run:"},  // nobody asked
      // What runs needs its dependencies in place.
      {"a stale\nb waiting asked <- a", "fine: restore: run: a b"},
      {"a cached\nb stale asked <- a", "fine: restore: a run: b"},
      {"a fine\nb stale asked <- a", "fine: a restore: run: b"},
      // What is restored needs none of them…
      {"a stale\nb cached asked <- a", "fine: restore: b run:"},
      {"a cached\nb cached asked <- a", "fine: restore: b run:"},
      // …but one that was here and was damaged is put back.
      {"a cached here\nb cached asked <- a", "fine: restore: a b run:"},
      {"a cached here\nb fine asked <- a", "fine: b restore: a run:"},
      {"a stale here\nb fine asked <- a", "fine: b restore: run:"},
      {"a fine\nb fine asked <- a", "fine: a b restore: run:"},
      // Needs reach through what is not run.
      {"a stale\nb cached\nc stale asked <- b a", "fine: restore: b run: a c"},
      {"a cached\nb stale\nc cached <- b\nd stale asked <- c", "fine: restore: c run: d"},
      {"a stale\nb stale <- a\nc fine asked <- b", "fine: c restore: run:"},
      // A group passes on what is wanted of it.
      {"a stale\ng group asked <- a", "fine: restore: run: a"},
      {"a cached\ng group asked <- a", "fine: restore: a run:"},
      {"a stale\ng group <- a\nb cached asked <- g", "fine: restore: b run:"},
      {"a stale\ng group <- a\nb stale asked <- g", "fine: restore: run: a b"},
      // Asked for is asked for, whoever else does not need it.
      {"a stale asked\nb cached asked <- a", "fine: restore: b run: a"},
      // What only comes before, too.
      {"a stale asked\nb stale asked <- ~a", "fine: restore: run: a b"},
      {"", "fine: restore: run:"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(scheduled(text), expected) << text;
}

TEST(ScheduleTest, OnlyLeavesDependenciesAlone) {
  EXPECT_EQ(scheduled("a stale\nb waiting asked <- a", true), "fine: restore: run: b");
  EXPECT_EQ(scheduled("a cached here\nb fine asked <- a", true), "fine: b restore: run:");
}

std::string awaited_by_all(const std::string& text, bool only = false) {
  const Case made = read_case(text, only);
  const Schedule schedule = make_schedule(made.plan, made.states);
  std::string shown;
  for (const TaskIndex index : schedule.run) {
    shown +=
        made.plan.tasks[index].label + ":" + labels(made.plan, awaited(made.plan, schedule, index)) + "\n";
  }
  return shown;
}

TEST(ScheduleTest, KnowsForWhomATaskWaits) {
  EXPECT_EQ(awaited_by_all("a stale\nb fine\nc cached\nd stale asked <- b a c"), "a:\nd: a\n");
  EXPECT_EQ(awaited_by_all("a stale\nb stale\ng group <- a b\nh group <- g a\nc stale asked <- h"),
            "a:\nb:\nc: a b\n");
  EXPECT_EQ(awaited_by_all("a stale asked\nb stale asked <- ~a"), "a:\nb: a\n");
  EXPECT_EQ(awaited_by_all("a stale\nb stale <- a\nc stale asked <- b"), "a:\nb: a\nc: b\n");
  EXPECT_EQ(awaited_by_all("a stale asked\nb stale asked <- a", true), "a:\nb: a\n");
  EXPECT_EQ(awaited_by_all("a stale\nb stale asked <- a", true), "b:\n");
}

}  // namespace
}  // namespace devtask
