// Which programs a task starts by name, and who they are: the digest of the file behind the name, of its
// interpreter if it is a script, and of what a version manager's shim chooses.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/glob.h"
#include "plan/environment.h"
#include "plan/tree.h"

namespace devtask {

// The names of programs that a shell script starts: the first word of each simple command, as far as that can
// be seen without running it. Words with expansions, assignments, keywords and builtins are passed over.
std::vector<std::string> programs_of_script(std::string_view script);

// The folders of a PATH, in order. Relative ones are left out: they would be other folders in each working
// folder.
std::vector<std::string> search_folders(std::string_view path);

// Where `name` is found in `folders`, or as a path relative to `working_folder`; empty if nowhere.
std::string find_program(std::string_view name, const std::vector<std::string>& folders,
                         const std::string& working_folder);

// The first of these programs that is in the environment's PATH; "" if none is.
std::string find_in_path(const Variables& environment, const std::vector<std::string>& names);

// Where programs are looked for. The lists of folders outlive their users and are told apart by address.
struct ProgramQuestion {
  const std::vector<std::string>* folders;
  std::string name, working_folder;
  auto operator<=>(const ProgramQuestion&) const = default;
};

// Identities that earlier looks have found, with all that was looked at for them: a search is a dozen system
// calls and reads the program. Thread-safe.
class ProgramIdentities {
 public:
  struct Known {
    std::string identity;
    std::vector<Observation> looked;
    std::int64_t looked_ns = 0;
  };
  std::shared_ptr<const Known> find(const ProgramQuestion& question) const;
  void keep(const ProgramQuestion& question, Known known);

 private:
  mutable std::mutex mutex_;
  std::map<ProgramQuestion, std::shared_ptr<const Known>> known_;
};

class Programs {
 public:
  // `home`: of the user, for version managers; may be empty. `identities` outlives it.
  Programs(Tree& tree, std::string home, ProgramIdentities& identities);

  // What identifies the program: one value for the key. A program in one of `made` (outputs of tasks that
  // this task depends on) is known through the dependency: those folders are passed over, and a name found
  // nowhere else gives "".
  std::string identity(std::string_view name, const std::vector<std::string>& folders,
                       const std::string& working_folder, const std::vector<const GlobList*>& made);

 private:
  std::string find(std::string_view name, const std::vector<std::string>& folders,
                   const std::string& working_folder);
  std::string identity_of_file(const std::string& path, const std::vector<std::string>& folders,
                               const std::string& working_folder, int depth);
  std::string version_manager_choice(const std::string& path, const std::string& working_folder);
  std::string version_file_upward(std::string folder, std::string_view name);
  std::string file_fact(const std::string& path);
  FileStat followed(const std::string& path);
  bool recall(const ProgramQuestion& question, std::string& identity);

  Tree& tree_;
  std::string home_;
  ProgramIdentities& identities_;
  std::map<ProgramQuestion, std::string> answers_;  // of this look: most tasks start the same few programs
  std::vector<Observation> looked_;                 // since the search that is going on began
};

}  // namespace devtask
