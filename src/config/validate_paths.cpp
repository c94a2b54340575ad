#include "config/validate_paths.h"

#include <algorithm>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "config/matrix.h"
#include "config/messages.h"
#include "config/output_index.h"
#include "config/paths.h"

namespace devtask {
namespace {

// More complaints about one task's inputs help nobody.
constexpr int kMostPerTask = 20;

// The values of a row's label.
std::vector<std::string> split(const std::string& label) {
  std::vector<std::string> values(1);
  for (const char c : label) {
    if (c == ',') {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  return values;
}

class PathValidator {
 public:
  PathValidator(const std::vector<TaskDraft>& tasks, TaskGraph& graph, Complaints& complaints)
      : tasks_(tasks), graph_(graph), complaints_(complaints) {}

  void run() {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].duplicate) add_outputs(i);
    }
    check_outputs();
    if (index_.outputs().empty()) return;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].duplicate) check_inputs(i);
    }
  }

 private:
  void add_outputs(std::size_t task) {
    const Patterns& outputs = tasks_[task].task.outputs;
    if (outputs.written.empty()) return;
    if (!outputs.templated) {
      add_row(task, MatrixRow(), outputs);
      check_same_for_all(task);
      return;
    }
    for (const MatrixRow& row : matrix_rows(tasks_[task].task.matrix)) {
      if (auto expanded = expand_patterns(outputs, row)) add_row(task, row, *expanded);
    }
  }

  void add_row(std::size_t task, const MatrixRow& row, const Patterns& patterns) {
    const auto list = std::make_shared<const Patterns>(patterns);
    for (const Placed<std::string>& pattern : patterns.written) {
      if (pattern.value.starts_with('!')) continue;
      auto glob = Glob::parse(pattern.value);
      if (!glob) continue;
      Output output{task, row.label(), pattern.value, pattern.where, std::move(*glob),
                    list, {},          false,         false};
      output.prefix = output.glob.literal();
      output.literal = !output.prefix.empty();
      if (!output.literal) {
        output.prefix = output.glob.literal_prefix();
        output.folder = output.glob.matches_all_below(output.prefix);
      }
      index_.add(std::move(output));
    }
  }

  // All rows of a matrix write the same files if no axis stands in the patterns.
  void check_same_for_all(std::size_t task) {
    const Task& matrix_task = tasks_[task].task;
    const std::vector<MatrixRow> rows = matrix_rows(matrix_task.matrix);
    if (rows.size() > 1) {
      complain_about_rows(matrix_task, rows[0].label(), rows[1].label(), matrix_task.outputs.written.front());
    }
  }

  void complain_about_rows(const Task& task, const std::string& first, const std::string& second,
                           const Placed<std::string>& pattern) {
    const std::vector<std::string> one = split(first), other = split(second);
    std::size_t axis = 0;  // the first that tells the rows apart
    while (axis + 1 < task.matrix.size() && one[axis] == other[axis]) ++axis;
    complaints_.add(
        error("`{}@{}` and `{}@{}` both write `{}`", task.name, first, task.name, second, pattern.value)
            .at(pattern.where)
            .advise(fmt::format("put the axis into the pattern: `{{{{{}}}}}`", task.matrix[axis].name)));
  }

  void check_outputs() {
    std::set<std::pair<std::size_t, std::size_t>> said;
    std::vector<std::size_t> found;
    const std::vector<Output>& outputs = index_.outputs();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      found.clear();
      index_.at_or_above(outputs[i].prefix, found);
      for (const std::size_t k : found) {
        // Of two in the same folder each finds the other; of two below each other only the deeper one does.
        if (k >= i && outputs[k].prefix == outputs[i].prefix) continue;
        const Output &first = outputs[std::min(i, k)], &second = outputs[std::max(i, k)];
        if (first.task == second.task && first.row == second.row) continue;
        if (said.contains({first.task, second.task}) || !outputs_overlap(first, second)) continue;
        said.insert({first.task, second.task});
        complain_about_outputs(first, second);
      }
    }
  }

  void complain_about_outputs(const Output& first, const Output& second) {
    const Task &one = tasks_[first.task].task, &other = tasks_[second.task].task;
    if (first.task == second.task) {
      complain_about_rows(one, first.row, second.row, {second.text, second.where});
      return;
    }
    complaints_.add(
        error("the tasks `{}` and `{}` both write `{}`", one.name, other.name, second.text)
            .at(second.where)
            .advise("each file belongs to one task: narrow one of the patterns")
            .note(fmt::format("`{}` writes `{}` at {}", one.name, first.text, place_text(first.where))));
  }

  void check_inputs(std::size_t index) {
    const Task& task = tasks_[index].task;
    if (!task.inputs) return;
    std::set<std::size_t> said;
    if (!task.inputs->templated) {
      check_row(index, *task.inputs, said);
      return;
    }
    for (const MatrixRow& row : matrix_rows(task.matrix)) {
      if (auto expanded = expand_patterns(*task.inputs, row)) check_row(index, *expanded, said);
    }
  }

  void check_row(std::size_t index, const Patterns& inputs, std::set<std::size_t>& said) {
    for (const Placed<std::string>& pattern : inputs.written) {
      if (pattern.value.starts_with('!')) continue;
      const Candidates& candidates = candidates_of(pattern.value);
      if (candidates.outputs.empty()) continue;
      for (const std::size_t k : candidates.outputs) {
        const Output& output = index_.outputs()[k];
        if (output.task == index || said.size() >= kMostPerTask || said.contains(output.task)) continue;
        const GlobList& ignore = tasks_[index].task.scope->ignore;
        if (!reads_output(inputs, ignore, pattern.value, candidates.glob, output)) continue;
        if (graph_.depends(index, output.task)) continue;
        said.insert(output.task);
        complain_about_input(index, output, pattern);
      }
    }
  }

  struct Candidates {
    Glob glob;
    std::vector<std::size_t> outputs;  // sorted
  };

  // Many tasks read the same `src/**`: what it could touch is looked up once.
  const Candidates& candidates_of(const std::string& pattern) {
    const std::string prefix = literal_prefix(pattern);
    if (!index_.touches(prefix)) return none_;
    const auto [entry, added] = candidates_.try_emplace(pattern);
    if (!added) return entry->second;
    found_.clear();
    index_.at_or_above(prefix, found_);
    index_.below(prefix, found_);
    Candidates& candidates = entry->second;
    if (auto glob = Glob::parse(pattern)) {
      candidates.glob = std::move(*glob);
      std::erase_if(found_, [&](std::size_t k) { return !could_read(candidates.glob, index_.outputs()[k]); });
      std::sort(found_.begin(), found_.end());
      candidates.outputs = found_;
    }
    return candidates;
  }

  // Drops most of what lies in the same folder, without looking at exclusions.
  static bool could_read(const Glob& glob, const Output& output) {
    return glob.intersects(output.glob) ||
           (output.literal && glob.literal_prefix().starts_with(output.prefix));
  }

  void complain_about_input(std::size_t index, const Output& output, const Placed<std::string>& pattern) {
    const Task &reader = tasks_[index].task, &writer = tasks_[output.task].task;
    const std::string exclusion =
        output.folder && !output.prefix.empty() ? output.prefix + "/**" : output.text;
    const bool wide = literal_prefix(pattern.value).size() < output.prefix.size() ||
                      (!output.folder && pattern.value != output.text);
    const bool backwards = graph_.depends(output.task, index);
    std::string help;
    if (!backwards)
      help = fmt::format("add `{}` to `deps` of `{}`", name_in_deps(reader, writer.name), reader.name);
    if (wide && Glob::parse(pattern.value)->literal().empty()) {
      help +=
          fmt::format("{}leave it out of the inputs with `\"!{}\"`", help.empty() ? "" : ", or ", exclusion);
    }
    if (help.empty())
      help = fmt::format("`{}` depends on `{}`: one of the two must give way", writer.name, reader.name);
    complaints_.add(error("task `{}` reads `{}`, an output of task `{}` on which it does not depend",
                          reader.name, output.text, writer.name)
                        .at(pattern.where)
                        .advise(help)
                        .note(fmt::format("`{}` writes it at {}", writer.name, place_text(output.where))));
  }

  const std::vector<TaskDraft>& tasks_;
  TaskGraph& graph_;
  Complaints& complaints_;
  OutputIndex index_;
  std::unordered_map<std::string, Candidates> candidates_;
  std::vector<std::size_t> found_;
  const Candidates none_;
};

}  // namespace

void validate_paths(const std::vector<TaskDraft>& tasks, TaskGraph& graph, Complaints& complaints) {
  PathValidator(tasks, graph, complaints).run();
}

}  // namespace devtask
