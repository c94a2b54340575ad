#include "exec/unit_outcomes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/unit_names.h"

namespace devtask {
namespace {

constexpr int kPytestCollectedNothing = 5;

std::string path_of(const std::string& name) { return name.substr(0, name.find("::")); }

// "a.py::TestX" is in "a.py", "a.py::TestX::test_y[1]" in "a.py::TestX" and in "a.py::TestX::test_y".
bool is_within(std::string_view id, std::string_view part) {
  return id.starts_with(part) &&
         (id.size() == part.size() || id.substr(part.size()).starts_with("::") || id[part.size()] == '[');
}

std::string how_it_ended(const BatchReport& batch) {
  switch (batch.end) {
    case ExecutionResult::End::kTimedOut:
      return "the process exceeded the task's time limit";
    case ExecutionResult::End::kStopped:
      return "interrupted";
    default:
      break;
  }
  if (batch.exit_status > 128)
    return fmt::format("the process was ended by signal {}", batch.exit_status - 128);
  return fmt::format("the process ended with exit status {}", batch.exit_status);
}

// `went_well`: so its exit status says.
std::string why_not_reported(const BatchReport& batch, bool went_well) {
  const bool cut_off = batch.end == ExecutionResult::End::kTimedOut ||
                       batch.end == ExecutionResult::End::kStopped || batch.exit_status > 128;
  if (cut_off) return how_it_ended(batch);
  if (!batch.problem.empty()) return batch.problem;
  if (!batch.reports.empty()) return went_well ? "no report has a result of it" : how_it_ended(batch);
  const std::string status =
      went_well ? "" : fmt::format(", and ended with exit status {}", batch.exit_status);
  return "the runner wrote no report" + status;
}

bool is_bad(const TestCase& test) {
  return test.outcome == TestCase::Outcome::kFailed || test.outcome == TestCase::Outcome::kError;
}

// Units by path, and which of several parts of a file a test belongs to.
class Units {
 public:
  Units(const std::vector<std::string>& names, std::string root, std::string folder)
      : names_(names), files_(paths(names, by_path_), std::move(root), std::move(folder)) {}

  // nullopt: none.
  std::optional<std::size_t> find(const TestCase& test) const {
    const auto file = files_.find(test);
    return file ? part_of(by_path_[*file], node_id(test)) : std::nullopt;
  }
  // Those of the file that a suite is called after.
  std::vector<std::size_t> find(const std::string& suite) const {
    const auto file = files_.find(suite);
    return file ? by_path_[*file] : std::vector<std::size_t>();
  }

 private:
  static std::vector<std::string> paths(const std::vector<std::string>& names,
                                        std::vector<std::vector<std::size_t>>& by_path) {
    std::vector<std::string> paths;
    std::map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto [place, added] = known.try_emplace(path_of(names[i]), paths.size());
      if (added) {
        paths.push_back(place->first);
        by_path.emplace_back();
      }
      by_path[place->second].push_back(i);
    }
    return paths;
  }

  std::optional<std::size_t> part_of(const std::vector<std::size_t>& units, const std::string& id) const {
    if (units.size() == 1) return units.front();
    const std::size_t inside = id.find("::");
    for (const std::size_t unit : units) {
      const std::size_t part = names_[unit].find("::");
      if (part != std::string::npos && inside != std::string::npos &&
          is_within(std::string_view(id).substr(inside), std::string_view(names_[unit]).substr(part))) {
        return unit;
      }
    }
    return std::nullopt;
  }

  const std::vector<std::string>& names_;
  std::vector<std::vector<std::size_t>> by_path_;
  UnitNames files_;
};

}  // namespace

BatchOutcomes judge_batch(const std::vector<std::string>& names, const std::string& root,
                          const std::string& folder, const BatchReport& batch) {
  BatchOutcomes outcomes;
  outcomes.units.resize(names.size());
  std::vector<char> reported(names.size(), 0), cut_short(names.size(), 0);
  std::set<std::string> strangers;
  const Units units(names, root, folder);
  for (const JUnitReport& report : batch.reports) {
    std::set<std::size_t> about;
    for (const std::string& suite : report.suites) {
      const auto found = units.find(suite);
      about.insert(found.begin(), found.end());
    }
    for (const TestCase& test : report.cases) {
      const auto unit = units.find(test);
      if (unit) {
        about.insert(*unit);
        outcomes.units[*unit].cases.push_back(test);
      } else {
        strangers.insert(!test.file.empty() ? test.file : !test.suite.empty() ? test.suite : test.classname);
      }
    }
    for (const std::size_t unit : about) {
      reported[unit] = 1;
      if (!report.complete) cut_short[unit] = 1;
    }
  }
  outcomes.strangers.assign(strangers.begin(), strangers.end());

  const bool went_well =
      batch.end == ExecutionResult::End::kSucceeded ||
      (batch.end == ExecutionResult::End::kFailed && batch.exit_status == kPytestCollectedNothing &&
       std::ranges::all_of(batch.reports, [](const JUnitReport& each) { return each.cases.empty(); }));
  const bool not_found = std::ranges::any_of(batch.reports, &JUnitReport::not_found);
  bool blamed = false;  // somebody explains an exit status that is not 0
  for (std::size_t i = 0; i < names.size(); ++i) {
    UnitOutcome& unit = outcomes.units[i];
    if (std::ranges::any_of(unit.cases, is_bad)) {
      unit.what = UnitOutcome::What::kFailed;
    } else if (cut_short[i] != 0) {
      unit.reason = went_well || batch.end == ExecutionResult::End::kFailed ? "the run ended before it did"
                                                                            : how_it_ended(batch);
    } else if (reported[i] == 0) {
      unit.reason = why_not_reported(batch, went_well);
      unit.not_found = not_found;
    } else {
      unit.what = UnitOutcome::What::kPassed;
    }
    blamed = blamed || unit.what != UnitOutcome::What::kPassed;
  }
  if (went_well || blamed) return outcomes;
  for (UnitOutcome& unit : outcomes.units) {
    unit.what = UnitOutcome::What::kNotRun;
    unit.reason = how_it_ended(batch) + ", although no test failed";
  }
  return outcomes;
}

}  // namespace devtask
