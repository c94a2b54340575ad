// Puts together what the next evaluation of the same plan can build on.
// Unaware of: what decides whether something is sealed.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan/seal.h"
#include "plan/tree.h"

namespace devtask {

class Sealer {
 public:
  // `known`: what was sealed before, which outlives the sealer; may be empty.
  explicit Sealer(const std::vector<Observation>& known) : known_(known) {}

  // What was common to all tasks is not among those of one: a change of it concerns all.
  void add_common(const std::vector<Observation>& all);
  void add_files(const std::vector<const TreeFile*>& files, bool kind_only, std::vector<std::uint32_t>& list);
  // By their places in `known`.
  void add_known(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& list);
  SealContents finish();

  SealContents contents;

 private:
  std::uint32_t add(Observation seen);

  const std::vector<Observation>& known_;
  std::unordered_map<std::string, std::uint32_t> places_;
  std::set<std::uint32_t> common_;
};

}  // namespace devtask
