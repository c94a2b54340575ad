// What a task's command writes: in memory while it is short, beyond that in a file, so that memory stays flat
// however much it is. Unaware of: secrets (they are masked before), what becomes of the task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "os/stream.h"
#include "store/blob_store.h"

namespace devtask {

class TaskLog {
 public:
  static constexpr std::size_t kInMemory = std::size_t{1} << 20;
  static constexpr std::size_t kRepeated = std::size_t{64} << 10;

  TaskLog() = default;  // of a task that does not come to run: stays empty
  // `path`: of the file, should one be needed and kept. Removes what is there from before.
  explicit TaskLog(std::string path);

  // A file that cannot be written (a full disk) costs the log, not the task: put() fails then.
  void append(std::string_view bytes);
  bool empty() const { return size_ == 0; }

  Result<Digest> put(BlobStore& blobs) const;

  // For people to read: all of a short log; of a long one its last whole lines and the path of the file that
  // has everything and stays.
  struct Excerpt {
    std::string text;
    std::uint64_t left_out = 0;  // bytes before `text`
    std::string path;            // "" if there is no file
  };
  Excerpt keep() &&;

 private:
  void begin_file();
  void write(std::string_view bytes);

  std::string path_;
  std::string held_;  // all of it; once it is long, its end
  std::uint64_t size_ = 0;
  std::optional<NewFile> file_;
  std::optional<Diagnostic> failed_;  // the file could not be written
};

}  // namespace devtask
