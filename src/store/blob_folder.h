// Content by digest in a folder, without an index: what is there is in the cache.
//
//   blobs/ab/cdef…       content by SHA-256, mode 0444
//   blobs/ab/cdef….zst   one zstd frame instead, where that is worth it (store/blob_content.h); of a large
//                        file its beginning decides
//   tmp/                 files being written
//
// The time of last change of a blob is when it was last put or taken into a result (to about ten minutes):
// put() and touch() refresh it, garbage collection spares young ones.
//
// Thread-safe and safe between processes: blobs come into being by a rename that replaces nothing. Unaware
// of: results.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "os/file.h"
#include "os/stream.h"
#include "store/blob_content.h"

namespace devtask {

// One file in blobs/, or a row of the index in garbage collection.
struct BlobFile {
  Digest digest;
  bool compressed = false;
  std::uint64_t stored_bytes = 0;
  std::int64_t used_ns = 0;
  bool is_row = false;
};

class BlobFolder {
 public:
  // `folder` holds blobs/ and tmp/; the first put creates them.
  BlobFolder(std::string folder, bool read_only);

  // Takes content that is small enough to be a row (kPiece, and kMostRowBytes as it is kept) instead of a
  // file.
  using Rows = std::function<void(const Digest&, KeptContent)>;
  Result<Digest> put_file(const std::string& path, std::int64_t now_ns, const Rows& rows);
  // The same of what is in memory.
  Result<Digest> put_small(std::string_view bytes, std::int64_t now_ns, const Rows& rows);
  // As BlobStore says. A blob that turns out to be broken is removed, so that the next put makes it anew.
  Result<void> get_file(const Digest& digest, const std::string& path, std::uint32_t mode);
  Result<void> read(const Digest& digest, const std::function<void(std::string_view)>& piece);
  bool contains(const Digest& digest) const;
  // contains(), and marks it as used now.
  bool touch(const Digest& digest, std::int64_t now_ns);
  // Marks it as used now, in the past or in a time to come. False if it is gone.
  bool refresh(const BlobFile& blob, std::int64_t now_ns);

  // All blobs, in no order. Files with other names are not ours and are left alone.
  std::vector<BlobFile> list() const;
  // Paths of what has the name of a blob and is no regular file, or that of a folder of blobs and is none.
  std::vector<std::string> obstacles() const;
  // Reads it all; the failure says what is wrong with it, in one sentence.
  Result<void> check(const BlobFile& blob) const;
  // Before compression; 0 if that cannot be told.
  std::uint64_t content_bytes(const BlobFile& blob) const;
  // Now, without looking at the content; absent: size 0 and time 0.
  BlobFile look(const BlobFile& blob) const;
  Result<void> remove(const BlobFile& blob);
  // Files that were being written before that time; whoever wrote them is dead.
  void remove_temporary_files(std::int64_t before_ns);

  // What put() has added to the disk since the last call.
  std::uint64_t take_added_bytes() { return added_bytes_.exchange(0); }

 private:
  struct Opened {
    FileReader reader;
    bool compressed = false;
  };
  Result<Opened> open(const Digest& digest) const;
  std::string path_of(const Digest& digest, bool compressed) const;
  Result<NewFile> new_file();
  Result<Digest> put_large(FileReader& source, std::string_view beginning, const std::string& path,
                           std::int64_t now_ns);
  Result<Digest> put_clone(NewFile file, std::int64_t now_ns);
  Result<void> publish(NewFile file, const Digest& digest, bool compressed, std::uint64_t stored_bytes);
  bool is_whole(const BlobFile& blob, std::uint64_t content_bytes) const;
  // True if the blob is there as far as its length tells; marks it as used. Removes one of a wrong length.
  bool has_whole(const Digest& digest, std::uint64_t content_bytes, std::int64_t now_ns);
  // Of everything that has the name of a blob.
  void each_name(const std::function<void(const Digest&, bool compressed, FileKind)>& each) const;
  // Removes it.
  Diagnostic broken(const Digest& digest, bool compressed, const Diagnostic& why);

  std::string folder_;
  bool read_only_;
  std::atomic<std::uint64_t> added_bytes_{0};
  std::array<std::atomic<bool>, 256> parent_made_{};  // blobs/ab/, as far as known
};

}  // namespace devtask
