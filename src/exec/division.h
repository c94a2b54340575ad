// Finds out which files a tool fails on if only its exit status says so: what fails together is divided until
// each failure stands alone. Files that the tool names are tried apart from the others. Once so many that it
// named have failed alone, and none that it named passed, whom it names is judged without being tried alone.
// Pure. Unaware of: processes, what failing means.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace devtask {

class Division {
 public:
  using Group = std::vector<std::size_t>;

  explicit Division(Group all) { open_.push_back(std::move(all)); }

  // What is to be tried together next; empty: all are judged.
  Group next();
  // `named`: those that the tool named and left as they are, in the order of the group. Returns those of whom
  // this says how it went; the others come up again.
  Group tried(const Group& group, int exit_status, const Group& named);

 private:
  bool believes(int exit_status) const;

  std::vector<Group> open_;
  std::map<int, std::size_t> failed_alone_;  // so many that were named, by exit status
  bool names_good_ones_ = false;
};

// Positions in `names` of those that stand in the text as a word, also behind one of the prefixes ("./").
// Of names that overlap the longest counts.
std::vector<std::size_t> named_in(std::string_view text, const std::vector<std::string>& names,
                                  const std::vector<std::string>& prefixes);

}  // namespace devtask
