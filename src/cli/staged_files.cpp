#include "cli/staged_files.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/escape.h"
#include "os/file.h"

namespace devtask {
namespace {

std::string path_at_top(const Git& git, const std::string& path) { return join_path(git.prefix(), path); }
std::string path_in_tree(const Git& git, const std::string& path) {
  return join_path(git.top(), path_at_top(git, path));
}

std::string_view take(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

// What the work tree gets.
struct WorkingCopy {
  std::string path;  // absolute
  FileStat stat;     // when it was read
  std::string content;
};

// `before` is staged, `after` is to be; nothing if they cannot be joined with what is there.
Result<std::optional<std::string>> join(const Git& git, const std::string& folder, const std::string& before,
                                        const std::string& after, const std::string& there) {
  const std::string ours = folder + "/there", base = folder + "/before", theirs = folder + "/after";
  for (const auto& [path, bytes] :
       {std::pair(&ours, &there), std::pair(&base, &before), std::pair(&theirs, &after)}) {
    if (auto written = write_file(*path, *bytes); !written) return tl::unexpected(written.error());
  }
  const auto said = git.run({"merge-file", "-q", ours, base, theirs});
  if (!said) return tl::unexpected(said.error());
  if (said->status != 0) return std::nullopt;
  auto joined = read_file(ours);
  if (!joined) return tl::unexpected(joined.error());
  return std::optional(std::move(*joined));
}

Result<WorkingCopy> plan_copy(const Git& git, const std::string& folder, const Replacement& file,
                              Replaced& replaced) {
  WorkingCopy copy;
  copy.path = path_in_tree(git, file.staged.path);
  copy.stat = stat_file(copy.path);
  if (copy.stat.kind != FileKind::kRegular) {
    replaced.left_alone = "is no file any more in the work tree";
    return copy;
  }
  auto there = read_file(copy.path);
  if (!there) return tl::unexpected(there.error());
  replaced.has_more = *there != file.staged.content;
  if (!replaced.has_more) {
    copy.content = file.content;
    return copy;
  }
  auto joined = join(git, folder, file.staged.content, file.content, *there);
  if (!joined) return tl::unexpected(joined.error());
  if (*joined) {
    copy.content = std::move(**joined);
  } else {
    replaced.left_alone = "has changes in the same place that are not staged";
  }
  return copy;
}

std::string index_line(const Git& git, const StagedFile& file, const std::string& id) {
  return file.mode + " " + id + "\t" + path_at_top(git, file.path) + '\0';
}

// `git commit FILE` gives its hook an index that is thrown away; the one that stays is beside it, locked, and
// has the same files in it. Without this what was committed would be taken back by the next commit.
Result<void> update_index_that_stays(const Git& git, const std::vector<Replacement>& files,
                                     const std::vector<std::string>& ids) {
  const std::string index = git.index_file();
  if (!file_name(index).starts_with("next-index-")) return {};
  const std::string stays = join_path(parent_folder(index), "index.lock");
  if (stat_file(stays).kind != FileKind::kRegular) return {};
  const Git other = git.with_index(stays);
  auto listed = other.ask({"ls-files", "-s", "-z"});
  if (!listed) return tl::unexpected(listed.error());
  std::string lines;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const StagedFile& file = files[i].staged;
    const std::string entry = file.mode + " " + file.id + " 0\t" + path_at_top(git, file.path) + '\0';
    const std::size_t at = listed->find(entry);
    if (at == 0 || (at != std::string::npos && (*listed)[at - 1] == '\0'))
      lines += index_line(git, file, ids[i]);
  }
  if (lines.empty()) return {};
  auto updated = other.ask({"update-index", "-z", "--index-info"}, lines);
  if (!updated) return tl::unexpected(updated.error());
  return {};
}

// Of them the index alone has what is staged: `git checkout-index` refuses them, and writing their entries
// anew would put them into the work tree, in which they are not wanted.
Result<std::set<std::string, std::less<>>> list_outside_of_work_tree(const Git& git) {
  const auto said = git.ask({"ls-files", "-t", "-z"});
  if (!said) return tl::unexpected(said.error());
  std::set<std::string, std::less<>> paths;
  // "S PATH", and other letters for other files.
  for (std::string_view rest = *said; !rest.empty();) {
    const std::string_view entry = take(rest, '\0');
    if (entry.starts_with("S ")) paths.emplace(entry.substr(2));
  }
  return paths;
}

Result<void> is_still_staged(const Git& git, const std::vector<Replacement>& files) {
  const auto now = list_staged(git);
  if (!now) return tl::unexpected(now.error());
  for (const Replacement& file : files) {
    const auto found = std::ranges::find(*now, file.staged.path, &StagedFile::path);
    if (found != now->end() && found->is_same_as(file.staged)) continue;
    return failure(
        error("`{}` is not staged any more as it was: nothing was changed", escape_line(file.staged.path))
            .advise("run it again"));
  }
  return {};
}

}  // namespace

Result<std::vector<StagedFile>> list_staged(const Git& git) {
  const auto said = git.ask({"diff", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-color",
                             "--no-ext-diff", "--diff-filter=AMT"});
  if (!said) return tl::unexpected(said.error());
  if (said->empty()) return std::vector<StagedFile>();
  const auto outside = list_outside_of_work_tree(git);
  if (!outside) return tl::unexpected(outside.error());
  const std::string inside = git.prefix().empty() ? "" : git.prefix() + "/";
  std::vector<StagedFile> files;
  // ":100644 100644 OLD NEW M", then the path.
  for (std::string_view rest = *said; !rest.empty();) {
    std::string_view entry = take(rest, '\0');
    const std::string_view path = take(rest, '\0');
    take(entry, ' ');
    StagedFile file;
    file.mode = take(entry, ' ');
    take(entry, ' ');
    file.id = take(entry, ' ');
    if (!path.starts_with(inside) || !file.mode.starts_with("100") || outside->contains(path)) continue;
    file.path = path.substr(inside.size());
    files.push_back(std::move(file));
  }
  std::ranges::sort(files, {}, &StagedFile::path);
  return files;
}

Result<void> read_staged(const Git& git, const std::string& folder, std::vector<StagedFile>& files) {
  std::string paths;
  for (const StagedFile& file : files) paths += path_at_top(git, file.path) + '\0';
  const auto said = git.ask({"checkout-index", "-z", "--stdin", "--prefix=" + folder + "/"}, paths);
  if (!said) return tl::unexpected(said.error());
  for (StagedFile& file : files) {
    auto content = read_file(join_path(folder, path_at_top(git, file.path)));
    if (!content) return tl::unexpected(content.error());
    file.content = std::move(*content);
  }
  return {};
}

Result<std::vector<Replaced>> replace_staged(const Git& git, const std::string& folder,
                                             const std::vector<Replacement>& files) {
  std::string lines;
  std::vector<std::string> ids;
  for (const Replacement& file : files) {
    const std::string bytes = folder + "/bytes";
    if (auto written = write_file(bytes, file.content); !written) return tl::unexpected(written.error());
    auto id = git.ask({"hash-object", "-w", "--path=" + path_at_top(git, file.staged.path), "--", bytes});
    if (!id) return tl::unexpected(id.error());
    while (id->ends_with('\n')) id->pop_back();
    lines += index_line(git, file.staged, *id);
    ids.push_back(std::move(*id));
  }
  std::vector<Replaced> all;
  std::vector<WorkingCopy> copies;
  for (const Replacement& file : files) {
    Replaced replaced{file.staged.path};
    auto copy = plan_copy(git, folder, file, replaced);
    if (!copy) return tl::unexpected(copy.error());
    copies.push_back(std::move(*copy));
    all.push_back(std::move(replaced));
  }
  if (auto still = is_still_staged(git, files); !still) return tl::unexpected(still.error());
  if (auto updated = git.ask({"update-index", "-z", "--index-info"}, lines); !updated)
    return tl::unexpected(updated.error());
  if (auto updated = update_index_that_stays(git, files, ids); !updated)
    return tl::unexpected(updated.error());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].left_alone.empty()) continue;
    if (stat_file(copies[i].path) != copies[i].stat) {
      all[i].left_alone = "has changed meanwhile";
    } else if (auto written = write_file(copies[i].path, copies[i].content, copies[i].stat.mode); !written) {
      all[i].left_alone = "cannot be written: " + written.error().message;
    }
  }
  return all;
}

}  // namespace devtask
