#include "store/cache_places.h"

#include <optional>

#include "base/escape.h"
#include "os/file.h"

namespace devtask {
namespace {

constexpr const char* kAdvice = "remove it, or move it to where it belongs: devtask makes a folder there";

std::optional<WrongPlace> look_at_place(const std::string& path) {
  const FileKind kind = stat_file(path).kind;
  const FileKind followed = stat_followed(path).kind;
  if (kind == FileKind::kAbsent) return std::nullopt;
  const std::string shown = escape_line(path);
  if (followed == FileKind::kFolder) {
    auto listed = list_folder(path);
    if (listed) return std::nullopt;
    return WrongPlace{path, std::move(listed.error()), false};
  }
  if (kind != FileKind::kLink)
    return WrongPlace{path, error("`{}` is not a folder", shown).advise(kAdvice), kind == FileKind::kRegular};
  const std::string target = escape_line(read_link(path).value_or(""));
  if (followed == FileKind::kAbsent) {
    return WrongPlace{path,
                      error("`{}` is a link to `{}`, where nothing is", shown, target)
                          .advise("remove the link, or bring back what it led to"),
                      false};
  }
  return WrongPlace{
      path, error("`{}` is a link to `{}`, which is not a folder", shown, target).advise(kAdvice), false};
}

// The nearest of the folders above that is there.
std::optional<WrongPlace> look_above(std::string_view path) {
  for (path = parent_folder(path); !path.empty(); path = parent_folder(path)) {
    const std::string folder(path);
    if (stat_file(folder).kind != FileKind::kAbsent)
      return stat_followed(folder).kind == FileKind::kFolder ? std::nullopt : look_at_place(folder);
  }
  return std::nullopt;
}

}  // namespace

std::vector<WrongPlace> wrong_places(const std::string& folder) {
  const std::string version = join_path(folder, "v1");
  auto wrong = look_above(folder);
  if (!wrong) wrong = look_at_place(folder);
  if (!wrong) wrong = look_at_place(version);
  if (wrong) {
    wrong->is_ours = false;
    return {std::move(*wrong)};
  }
  std::vector<WrongPlace> all;
  for (const char* name : {"blobs", "tmp"}) {
    if (auto place = look_at_place(join_path(version, name))) all.push_back(std::move(*place));
  }
  return all;
}

Result<void> make_place(const std::string& path) {
  auto made = make_folders(path, 0700);
  if (made) return made;
  auto wrong = look_at_place(path);
  if (!wrong) wrong = look_above(path);
  if (wrong) return failure(std::move(wrong->problem));
  return made;
}

}  // namespace devtask
