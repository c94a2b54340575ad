#include <algorithm>

#include "plan/evaluate.h"

namespace devtask {

bool OwnFacts::hold(const std::string& root) const {
  const Fd folder = open_folder(root);
  if (!folder) return false;
  const auto all_hold = [&](const std::vector<Observation>& all) {
    return std::all_of(all.begin(), all.end(),
                       [&](const Observation& seen) { return still_holds(seen, folder, root, looked_ns); });
  };
  return all_hold(inputs) && all_hold(beside_inputs) && all_hold(*common);
}

}  // namespace devtask
