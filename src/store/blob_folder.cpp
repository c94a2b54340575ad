#include "store/blob_folder.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

#include "os/file.h"
#include "os/stream.h"
#include "store/cache_places.h"
#include "store/zstd_stream.h"

namespace devtask {
namespace {

constexpr std::int64_t kRefreshNs = 600'000'000'000;
constexpr std::uint32_t kBlobMode = 0444;
constexpr std::string_view kSuffix = ".zst";

// Hands the content on, as store/blob_content.h says.
Result<void> read_file_content(FileReader& blob, bool compressed, const Digest& digest,
                               const ByteSink& sink) {
  return read_content([&](char* buffer, std::size_t capacity) { return blob.read(buffer, capacity); },
                      compressed, digest, sink);
}

bool is_obstacle(const std::string& path) {
  const FileKind kind = stat_file(path).kind;
  return kind != FileKind::kRegular && kind != FileKind::kAbsent;
}

// blobs/ab
bool is_part(std::string_view name) {
  return name.size() == 2 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::uint8_t fan_out(const Digest& digest) { return digest.bytes[0]; }

}  // namespace

BlobFolder::BlobFolder(std::string folder, bool read_only)
    : folder_(std::move(folder)), read_only_(read_only) {}

std::string BlobFolder::path_of(const Digest& digest, bool compressed) const {
  constexpr std::size_t kFanOut = 2;
  std::string path;
  path.reserve(folder_.size() + 80);
  path += folder_;
  path += "/blobs/";
  digest.append_hex(path);
  path.insert(folder_.size() + std::string_view("/blobs/").size() + kFanOut, "/");
  if (compressed) path += kSuffix;
  return path;
}

Result<NewFile> BlobFolder::new_file() {
  if (read_only_) return failure("the cache `{}` is open for reading only", folder_);
  const std::string folder = join_path(folder_, "tmp");
  auto file = NewFile::create(folder);
  if (file) return file;
  // The folder is missing, mostly; by now somebody else may have made it.
  if (auto made = make_place(folder); !made) return tl::unexpected(made.error());
  return NewFile::create(folder);
}

Result<void> BlobFolder::publish(NewFile file, const Digest& digest, bool compressed,
                                 std::uint64_t stored_bytes) {
  const std::string path = path_of(digest, compressed);
  const auto make_parent = [&] { return make_place(std::string(parent_folder(path))); };
  auto& known = parent_made_[fan_out(digest)];
  const bool was_known = known.exchange(true);
  if (!was_known) {
    if (auto made = make_parent(); !made) return made;
  }
  auto fresh = file.publish_new(path, kBlobMode);
  if (!fresh && was_known) {  // somebody may have removed the folder meanwhile
    if (auto made = make_parent(); !made) return made;
    fresh = file.publish_new(path, kBlobMode);
  }
  if (fresh && !*fresh && is_obstacle(path)) {
    if (auto removed = remove_tree(path); !removed) return removed;
    fresh = file.publish_new(path, kBlobMode);
  }
  if (!fresh) return tl::unexpected(fresh.error());
  // Otherwise somebody else has put it in the meantime.
  if (*fresh) added_bytes_ += stored_bytes;
  return {};
}

// After a loss of power a blob may be shorter than it was, which would only be found when it is needed.
bool BlobFolder::is_whole(const BlobFile& blob, std::uint64_t content_bytes) const {
  if (!blob.compressed) return blob.stored_bytes == content_bytes;
  if (blob.stored_bytes > kPiece) return check(blob).has_value();
  const auto bytes = read_file(path_of(blob.digest, true));
  return bytes && is_whole_frame(*bytes) && frame_content_bytes(*bytes) == content_bytes;
}

bool BlobFolder::has_whole(const Digest& digest, std::uint64_t content_bytes, std::int64_t now_ns) {
  for (const bool compressed : {false, true}) {
    const BlobFile blob = look({digest, compressed, 0, 0});
    if (blob.used_ns == 0) continue;
    if (is_whole(blob, content_bytes)) return refresh(blob, now_ns);
    (void)remove(blob);
  }
  return false;
}

Result<Digest> BlobFolder::put_small(std::string_view bytes, std::int64_t now_ns, const Rows& rows) {
  if (read_only_) return failure("the cache `{}` is open for reading only", folder_);
  const Digest digest = sha256(bytes);
  const bool may_be_file = bytes.size() > kMostRowBytes;
  if (may_be_file && has_whole(digest, bytes.size(), now_ns)) return digest;
  KeptContent kept = keep(bytes);
  if (kept.bytes.size() <= kMostRowBytes && bytes.size() <= kPiece) {
    rows(digest, std::move(kept));
    return digest;
  }
  auto file = new_file();
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write(kept.bytes); !written) return tl::unexpected(written.error());
  auto published = publish(std::move(*file), digest, kept.compressed(), kept.bytes.size());
  if (!published) return tl::unexpected(published.error());
  return digest;
}

// One pass, as the digest is only known at the end: a blob that is there already was written in vain.
Result<Digest> BlobFolder::put_large(FileReader& source, std::string_view beginning, const std::string& path,
                                     std::int64_t now_ns) {
  auto file = new_file();
  if (!file) return tl::unexpected(file.error());
  if (file->clone(source)) return put_clone(std::move(*file), now_ns);
  std::uint64_t stored_bytes = 0;
  const ByteSink store = [&](std::string_view bytes) {
    stored_bytes += bytes.size();
    return file->write(bytes);
  };
  Sha256 hash;
  std::optional<FrameWriter> frame;
  if (compress_if_worth_it(beginning)) frame.emplace(source.size(), store);
  std::uint64_t left = source.size();
  std::string_view piece = beginning;
  while (true) {
    left -= piece.size();
    hash.update(piece);
    const auto written = frame ? frame->write(piece, left == 0) : store(piece);
    if (!written) return tl::unexpected(written.error());
    if (left == 0) break;
    const auto got =
        source.read(piece_buffer(), static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, left)));
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return failure("`{}` became shorter while it was read", path);
    piece = {piece_buffer(), *got};
  }
  const Digest digest = hash.finish();
  if (has_whole(digest, source.size(), now_ns)) return digest;
  auto published = publish(std::move(*file), digest, frame.has_value(), stored_bytes);
  if (!published) return tl::unexpected(published.error());
  return digest;
}

// A file system that can share content does better than any compression. The copy is what is hashed, the
// original may have changed since.
Result<Digest> BlobFolder::put_clone(NewFile file, std::int64_t now_ns) {
  auto copy = file.reopen();
  if (!copy) return tl::unexpected(copy.error());
  Sha256 hash;
  while (true) {
    const auto got = copy->read(piece_buffer(), kPiece);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    hash.update({piece_buffer(), *got});
  }
  const Digest digest = hash.finish();
  if (has_whole(digest, copy->size(), now_ns)) return digest;
  auto published = publish(std::move(file), digest, false, copy->size());
  if (!published) return tl::unexpected(published.error());
  return digest;
}

Result<Digest> BlobFolder::put_file(const std::string& path, std::int64_t now_ns, const Rows& rows) {
  auto source = FileReader::open(path);
  if (!source) return tl::unexpected(source.error());
  const auto got = source->read(piece_buffer(), kPiece);
  if (!got) return tl::unexpected(got.error());
  const std::string_view beginning(piece_buffer(), *got);
  if (source->size() <= kPiece) return put_small(beginning, now_ns, rows);
  if (*got < kPiece) return failure("`{}` became shorter while it was read", path);
  return put_large(*source, beginning, path, now_ns);
}

Result<BlobFolder::Opened> BlobFolder::open(const Digest& digest) const {
  for (const bool compressed : {false, true}) {
    if (auto reader = FileReader::open(path_of(digest, compressed)))
      return Opened{std::move(*reader), compressed};
  }
  return failure("the cache has no blob {}", digest.hex());
}

Diagnostic BlobFolder::broken(const Digest& digest, bool compressed, const Diagnostic& why) {
  if (!read_only_) (void)remove({digest, compressed, 0, 0});
  return error("blob {} of the cache is broken: {}", digest.hex(), why.message);
}

Result<void> BlobFolder::get_file(const Digest& digest, const std::string& path, std::uint32_t mode) {
  auto blob = open(digest);
  if (!blob) return tl::unexpected(blob.error());
  auto file = NewFile::create_beside(path);
  if (!file) return tl::unexpected(file.error());
  const bool cloned = !blob->compressed && blob->reader.size() > kPiece && file->clone(blob->reader);
  std::optional<Diagnostic> not_written;
  const auto copied =
      read_file_content(blob->reader, blob->compressed, digest, [&](std::string_view bytes) -> Result<void> {
        if (cloned) return {};
        auto written = file->write(bytes);
        if (!written) not_written = written.error();
        return written;
      });
  if (not_written) return failure(*not_written);
  if (!copied) return failure(broken(digest, blob->compressed, copied.error()));
  return file->publish(path, mode);
}

Result<void> BlobFolder::read(const Digest& digest, const std::function<void(std::string_view)>& piece) {
  auto blob = open(digest);
  if (!blob) return tl::unexpected(blob.error());
  const auto copied =
      read_file_content(blob->reader, blob->compressed, digest, [&](std::string_view bytes) -> Result<void> {
        piece(bytes);
        return {};
      });
  if (!copied) return failure(broken(digest, blob->compressed, copied.error()));
  return {};
}

bool BlobFolder::contains(const Digest& digest) const {
  return stat_file(path_of(digest, false)).kind == FileKind::kRegular ||
         stat_file(path_of(digest, true)).kind == FileKind::kRegular;
}

bool BlobFolder::touch(const Digest& digest, std::int64_t now_ns) {
  for (const bool compressed : {false, true}) {
    const BlobFile blob = look({digest, compressed, 0, 0});
    if (blob.used_ns != 0) return refresh(blob, now_ns);
  }
  return false;
}

bool BlobFolder::refresh(const BlobFile& blob, std::int64_t now_ns) {
  // The clock of the file system is a little behind or ahead.
  const bool recent = std::abs(now_ns - blob.used_ns) < kRefreshNs;
  if (recent || read_only_ || set_modified(path_of(blob.digest, blob.compressed), now_ns)) return true;
  // Removed this moment, or of another user who shares it.
  return stat_file(path_of(blob.digest, blob.compressed)).kind == FileKind::kRegular;
}

void BlobFolder::each_name(const std::function<void(const Digest&, bool, FileKind)>& each) const {
  const std::string folder = join_path(folder_, "blobs");
  const auto parts = list_folder(folder);
  if (!parts) return;
  for (const FolderEntry& part : *parts) {
    const auto entries = list_folder(join_path(folder, part.name));
    if (!entries) continue;
    for (const FolderEntry& entry : *entries) {
      std::string_view name = entry.name;
      const bool compressed = name.ends_with(kSuffix);
      if (compressed) name.remove_suffix(kSuffix.size());
      const auto digest = Digest::from_hex(part.name + std::string(name));
      if (digest) each(*digest, compressed, entry.kind);
    }
  }
}

std::vector<BlobFile> BlobFolder::list() const {
  std::vector<BlobFile> blobs;
  each_name([&](const Digest& digest, bool compressed, FileKind kind) {
    if (kind != FileKind::kRegular) return;
    const BlobFile blob = look({digest, compressed, 0, 0});
    if (blob.used_ns != 0) blobs.push_back(blob);
  });
  return blobs;
}

std::vector<std::string> BlobFolder::obstacles() const {
  std::vector<std::string> paths;
  const std::string folder = join_path(folder_, "blobs");
  if (const auto parts = list_folder(folder)) {
    for (const FolderEntry& part : *parts) {
      std::string path = join_path(folder, part.name);
      if (part.kind != FileKind::kFolder && is_part(part.name) &&
          stat_followed(path).kind != FileKind::kFolder)
        paths.push_back(std::move(path));
    }
  }
  each_name([&](const Digest& digest, bool compressed, FileKind kind) {
    if (kind != FileKind::kRegular) paths.push_back(path_of(digest, compressed));
  });
  return paths;
}

Result<void> BlobFolder::check(const BlobFile& blob) const {
  auto reader = FileReader::open(path_of(blob.digest, blob.compressed));
  if (!reader) return tl::unexpected(reader.error());
  auto checked = read_file_content(*reader, blob.compressed, blob.digest,
                                   [](std::string_view) { return Result<void>(); });
  if (!checked) return failure("blob {} is broken: {}", blob.digest.hex(), checked.error().message);
  return {};
}

std::uint64_t BlobFolder::content_bytes(const BlobFile& blob) const {
  if (!blob.compressed) return blob.stored_bytes;
  auto reader = FileReader::open(path_of(blob.digest, true));
  if (!reader) return 0;
  std::string start(kFrameStart, '\0');
  const auto got = reader->read(start.data(), start.size());
  return got ? frame_content_bytes(std::string_view(start).substr(0, *got)).value_or(0) : 0;
}

BlobFile BlobFolder::look(const BlobFile& blob) const {
  const FileStat stat = stat_file(path_of(blob.digest, blob.compressed));
  const bool there = stat.kind == FileKind::kRegular;
  return {blob.digest, blob.compressed, there ? stat.size : 0,
          there ? std::max<std::int64_t>(stat.mtime_ns, 1) : 0};
}

Result<void> BlobFolder::remove(const BlobFile& blob) {
  return remove_file(path_of(blob.digest, blob.compressed));
}

void BlobFolder::remove_temporary_files(std::int64_t before_ns) {
  const std::string folder = join_path(folder_, "tmp");
  const auto entries = list_folder(folder);
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    const std::string path = join_path(folder, entry.name);
    // What cannot be removed now is tried again next time.
    if (stat_file(path).mtime_ns < before_ns) (void)remove_file(path);
  }
}

}  // namespace devtask
