// A private folder outside of the project, with a short and plain path, for databases that are thrown away.
// Unaware of: what is in it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/account.h"
#include "os/file.h"

namespace devtask {

// Where such folders may be made, best first: absolute paths. `temporary` is the value of TMPDIR, or "".
// Without one, memory comes before the disk if there is enough of it.
std::vector<std::string> scratch_places(std::string_view temporary);

class ScratchFolder {
 public:
  // In the first of the places in which it can be: the path is so short that a socket in the folder has a
  // name, it needs no encoding in any URL, and `owner` (none: we), to whom the folder belongs, can enter it.
  static Result<ScratchFolder> make(const std::vector<std::string>& places,
                                    const std::optional<Account>& owner);
  // What killed processes have left, with the processes that still held it ended. Each is now ours, and is
  // removed in the end unless it is kept.
  static std::vector<ScratchFolder> leftovers(const std::vector<std::string>& places);

  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();  // removes it with all that is in it

  const std::string& path() const { return path_; }
  // Processes that work in it inherit this, so that they are found when we were killed.
  int held() const { return held_.fd(); }
  void end_holders() const;      // kills the processes that have inherited it, and waits for that
  void keep() { top_.clear(); }  // it stays, and is a leftover once this object is gone

 private:
  ScratchFolder() = default;

  std::string top_;   // ours; in it are the locks, and `path_`
  std::string path_;  // the owner's
  FileLock lock_, held_;
};

}  // namespace devtask
