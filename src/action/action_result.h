// What a successful action left behind, and its text form (kept in the journal and in the cache).
//
//   devtask-result 1
//   exit 0
//   duration-ms 1234
//   log <sha256>                        captured output, if any
//   witness <sha256> <path>             for cache = "local"
//   file 0644 <sha256> <size> <path>    outputs, sorted by path
//   link <target><TAB><path>
//   dir 0755 <path>                     empty folders only
//   create 0644 <sha256> <size> <path>  a file of `creates` that it wrote (never restored)
//   kept <file or link as above>        an output that was there before and was not written to: not ours
//
// Paths are relative to the project root, in the cache to the folder of the task's own tasks.toml; paths and
// targets are escaped (base/escape.h). Unaware of: where blobs are.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"

namespace devtask {

struct OutputEntry {
  enum class Kind { kFile, kLink, kDir, kCreate };
  Kind kind = Kind::kFile;
  std::string path;        // relative to the project root
  std::uint32_t mode = 0;  // permission bits, files and folders
  Digest digest;           // files
  std::uint64_t size = 0;  // bytes, files
  std::string target;      // links
  bool kept = false;       // it was there before, and is not devtask's to remove

  // Made by the task, and devtask's to remove and replace.
  bool is_owned() const { return kind != Kind::kCreate && !kept; }
  bool operator==(const OutputEntry&) const = default;
};

struct ActionResult {
  int exit_status = 0;
  std::chrono::milliseconds duration{0};
  std::optional<Digest> log;  // blob with the captured output
  // Only path and digest are kept.
  std::optional<OutputEntry> witness;
  std::vector<OutputEntry> outputs;  // sorted by path

  bool operator==(const ActionResult&) const = default;

  // Digest of the outputs alone (kinds file, link, dir), whosever they are: what a dependent sees.
  Digest outputs_digest() const;
};

// By path, in outputs that are sorted by it; nullptr if it is not among them.
const OutputEntry* find_output(const std::vector<OutputEntry>& outputs, std::string_view path);

// Sorts the outputs if they are not.
std::string to_text(const ActionResult& result);
// Refuses what this version does not know: version, kinds, absolute paths, `..` parts, a path twice or out of
// order, and a path that leads through one of the result's own links (a restore would leave the project).
Result<ActionResult> result_from_text(std::string_view text);

// The blobs that a restore needs: log and files, in the order of the text, possibly twice. Not those of
// `creates` and witness.
std::vector<Digest> blobs_of(const ActionResult& result);

// True for a path that stays below the project root: relative, no empty, `.` or `..` part, no NUL.
bool is_safe_relative_path(std::string_view path);

}  // namespace devtask
