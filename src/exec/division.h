// Finds out which files a tool fails on if only its exit status says so: what fails together is divided until
// each failure stands alone. Files that the tool names are tried apart from the others. A file is judged
// without being tried alone if the tool says of it, word for word, what it said of one that failed alone, and
// that these words are not for everybody is known: they were never said of one that passed, and there are
// such, or it named only this one of many. Pure. Unaware of: processes, what failing means.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace devtask {

class Division {
 public:
  using Group = std::vector<std::size_t>;
  using Said = std::vector<std::string>;  // see said_of

  explicit Division(Group all) { open_.push_back(std::move(all)); }

  // What is to be tried together next; empty: all are judged.
  Group next();
  // `said`: of each of the group that the tool left as it is. Returns those of whom this says how it went;
  // the others come up again.
  Group tried(const Group& group, int exit_status, const Said& said);

 private:
  Group passed(const Group& group, const Said& said);
  bool believes(int exit_status, const std::string& words) const;

  std::vector<Group> open_;
  std::set<std::pair<int, std::string>> of_bad_;  // exit status and what was said of one that failed alone
  std::set<std::string> of_good_;                 // also while it was tried with others
  std::unordered_map<std::size_t, std::set<std::string>> heard_;  // of each in groups that failed
  bool any_good_ = false;
};

// What the text says of each name: the lines in which it stands as a word, also behind one of the prefixes
// ("./"), each once, with "*" for the name and 0 for the numbers of a place. "": it does not stand there. Of
// a line with several names there is no more than "*". Of names that overlap the longest counts.
std::vector<std::string> said_of(std::string_view text, const std::vector<std::string>& names,
                                 const std::vector<std::string>& prefixes);

}  // namespace devtask
