// Whether outputs are as they were left: what is not so, as a sentence, or "" if they are. Unaware of: tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "action/action_result.h"
#include "plan/tree.h"
#include "store/journal.h"

namespace devtask {

// `file` has been read.
std::string damage_of(const OutputEntry& entry, const TreeFile& file);
std::string damage_of_witness(const OutputEntry& entry, const TreeFile& file);
std::string damage_by_link(const OutputEntry& entry);

// Outputs are never looked at, written or removed through a link that somebody put in place of a folder. What
// was looked at is added to `looked`.
bool is_behind_link(std::string_view path, Tree& tree, std::vector<const TreeFile*>& looked);

// What an attempt without success left. `beside`: what lies in the outputs, if the attempt was killed and
// could not say what it made.
std::string left_by(const StartedEntry& attempt, const ActionResult& result,
                    const std::vector<std::string>& beside);

// Of all outputs, as they are now.
std::string first_damage(const ActionResult& result, Tree& tree);

}  // namespace devtask
