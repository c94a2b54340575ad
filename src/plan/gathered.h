// What was found on disk of one task: the files that an evaluation reads and judges. Of evaluate.h, and for
// its sources only. Unaware of: what is stale.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plan/damage.h"
#include "plan/evaluate.h"

namespace devtask {

struct Evaluator::Gathered {
  std::vector<TreeFile*> inputs;
  std::shared_ptr<const JournalEntry> last;
  std::vector<std::pair<const OutputEntry*, TreeFile*>> outputs;  // of `last`, creates left out
  std::vector<std::string> beside_outputs;  // after a killed attempt: all files that match its outputs
  UnitFiles units;
  std::string installed;    // of a task that shows distributions: the text as it is now
  std::string behind_link;  // told as damage: an output that would be reached through a link
  // For the seal: what decided about the key, about the outputs, and of what only the kind did (about
  // outputs).
  std::vector<const TreeFile*> looked_inputs, looked_outputs, looked_parents;
  // As looked_inputs, but what all units share does not depend on it.
  std::vector<const TreeFile*> looked_units;

  // Whose content is asked for.
  std::vector<TreeFile*> files() const {
    std::vector<TreeFile*> all = inputs;
    for (const auto& output : outputs) all.push_back(output.second);
    for (const UnitFiles::Unit& unit : units.units) all.push_back(unit.file);
    for (const auto& list : units.besides) {
      for (const UnitFiles::Beside& beside : list) all.push_back(beside.file);
    }
    return all;
  }

  std::string damage() const {
    if (!behind_link.empty()) return behind_link;
    for (const auto& [entry, file] : outputs) {
      const bool is_witness = last->result.witness && entry == &*last->result.witness;
      std::string said = is_witness ? damage_of_witness(*entry, *file) : damage_of(*entry, *file);
      if (!said.empty()) return said;
    }
    return {};
  }
};

}  // namespace devtask
