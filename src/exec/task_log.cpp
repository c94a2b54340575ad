#include "exec/task_log.h"

#include "os/file.h"

namespace devtask {

TaskLog::TaskLog(std::string path) : path_(std::move(path)) { (void)remove_file(path_); }

void TaskLog::append(std::string_view bytes) {
  const bool was_short = size_ <= kInMemory;
  size_ += bytes.size();
  if (size_ <= kInMemory) {
    held_ += bytes;
    return;
  }
  if (was_short) begin_file();
  write(bytes);
  held_ += bytes;
  if (held_.size() > 2 * kRepeated) held_.erase(0, held_.size() - kRepeated);
}

void TaskLog::begin_file() {
  const std::string folder(parent_folder(path_));
  auto made = make_folders(folder, 0700);
  auto file = made ? NewFile::create(folder) : Result<NewFile>(tl::unexpected(made.error()));
  if (file) {
    file_.emplace(std::move(*file));
    write(held_);
  } else {
    failed_ = std::move(file.error());
  }
}

void TaskLog::write(std::string_view bytes) {
  if (!file_) return;
  if (auto written = file_->write(bytes); !written) {
    failed_ = std::move(written.error());
    file_.reset();
  }
}

Result<Digest> TaskLog::put(BlobStore& blobs) const {
  if (failed_) return failure(*failed_);
  return file_ ? blobs.put_file(file_->temporary()) : blobs.put_bytes(held_);
}

TaskLog::Excerpt TaskLog::keep() && {
  Excerpt excerpt{std::move(held_), 0, {}};
  if (size_ <= kInMemory) return excerpt;
  if (excerpt.text.size() > kRepeated) excerpt.text.erase(0, excerpt.text.size() - kRepeated);
  if (const std::size_t line = excerpt.text.find('\n'); line + 1 < excerpt.text.size()) {
    excerpt.text.erase(0, line + 1);
  }
  excerpt.left_out = size_ - excerpt.text.size();
  if (file_ && file_->publish(path_, 0600)) excerpt.path = path_;
  return excerpt;
}

}  // namespace devtask
