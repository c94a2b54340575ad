#include "plan/output_makers.h"

#include <algorithm>
#include <set>

#include "config/matrix.h"
#include "os/file.h"

namespace devtask {
namespace {

std::vector<std::string> prefixes(const GlobList& globs) {
  std::vector<std::string> all = globs.literals();
  const std::vector<std::string> roots = globs.roots();
  all.insert(all.end(), roots.begin(), roots.end());
  return all;
}

}  // namespace

OutputMakers::OutputMakers(const Project& project, std::vector<std::shared_ptr<const Patterns>>& owned) {
  for (const Task& task : project.tasks) {
    if (task.outputs.globs.empty() && task.outputs.written.empty()) continue;
    if (task.matrix.empty()) {
      all_.push_back({&task, task.name, &task.outputs.globs});
      continue;
    }
    for (const MatrixRow& row : matrix_rows(task.matrix)) {
      if (auto expanded = expand_patterns(task.outputs, row)) {
        owned.push_back(std::make_shared<const Patterns>(std::move(*expanded)));
        all_.push_back({&task, task.name + "@" + row.label(), &owned.back()->globs});
      }
    }
  }
  for (std::size_t i = 0; i < all_.size(); ++i) {
    for (std::string& prefix : prefixes(*all_[i].outputs)) by_prefix_.emplace_back(std::move(prefix), i);
  }
  std::sort(by_prefix_.begin(), by_prefix_.end());
}

std::vector<OutputMakers::Maker> OutputMakers::makers(const GlobList& globs) const {
  std::set<std::size_t> found;
  const auto take = [&](auto from, auto to) {
    for (auto entry = from; entry != to; ++entry) found.insert(entry->second);
  };
  for (const std::string& prefix : prefixes(globs)) {
    // Outputs at `prefix` or below it…
    if (prefix.empty()) {
      take(by_prefix_.begin(), by_prefix_.end());
      continue;
    }
    take(std::lower_bound(by_prefix_.begin(), by_prefix_.end(), std::pair(prefix + "/", std::size_t{0})),
         std::lower_bound(by_prefix_.begin(), by_prefix_.end(), std::pair(prefix + "0", std::size_t{0})));
    // …and those in folders above it ('0' follows '/').
    for (std::string_view above = prefix;; above = parent_folder(above)) {
      const std::string name(above);
      take(std::lower_bound(by_prefix_.begin(), by_prefix_.end(), std::pair(name, std::size_t{0})),
           std::upper_bound(by_prefix_.begin(), by_prefix_.end(), std::pair(name, all_.size())));
      if (above.empty()) break;
    }
  }
  std::vector<Maker> result;
  for (const std::size_t i : found) {
    if (all_[i].outputs->may_overlap(globs)) result.push_back(all_[i]);
  }
  return result;
}

}  // namespace devtask
