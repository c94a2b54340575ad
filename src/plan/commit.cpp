// After gitrepository-layout(5) and gitglossary(7). The folder of git has HEAD; that of a work tree beside
// the first also has a file `commondir` with the path of what all share, branches among it.
#include "plan/commit.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/escape.h"

namespace devtask {
namespace {

constexpr int kDeepest = 5;  // symbolic references of references, as git has it

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// What follows `head`, if the text begins with that.
std::optional<std::string_view> behind(std::string_view text, std::string_view head) {
  if (!text.starts_with(head)) return std::nullopt;
  return trimmed(text.substr(head.size()));
}

bool is_id(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

tl::unexpected<Diagnostic> not_understood(std::string_view path, std::string_view why) {
  return failure("`{}` {}", escape_line(path), why);
}

class CommitReader {
 public:
  CommitReader(Tree& tree, std::vector<const TreeFile*>& looked) : tree_(tree), looked_(looked) {}

  Result<std::string> commit_of(const std::string& folder) {
    if (auto found = find_repository(folder); !found) return tl::unexpected(found.error());
    if (git_.empty()) return "none";
    const auto common = text(git_ + "/commondir");
    if (!common) return tl::unexpected(common.error());
    if (*common) common_ = join_path(git_, trimmed(**common));
    auto said = said_by(git_ + "/HEAD");
    for (int depth = 0; depth <= kDeepest; ++depth) {
      if (!said) return tl::unexpected(said.error());
      if (said->text.empty()) return "none";  // a branch without commits
      if (is_id(said->text)) return said->text;
      const auto name = behind(said->text, "ref:");
      if (!name || !name->starts_with("refs/") || name->find("..") != std::string_view::npos)
        return not_understood(said->path, "names neither a branch nor a commit");
      if (*name == "refs/heads/.invalid") {
        return failure(error("`{}` is of a repository that keeps its branches in another format than files",
                             escape_line(said->path))
                           .advise("`git refs migrate --ref-format=files` changes that"));
      }
      said = reference(std::string(*name));
    }
    return not_understood(git_ + "/HEAD", "leads to a branch that leads to itself");
  }

  // The list of the commits whose parents are not here. After commit_of().
  Result<std::optional<std::string>> cut() { return text(common_ + "/shallow"); }

 private:
  struct Said {
    std::string path, text;  // empty text: nothing says anything
  };

  // Fills `git_` and `common_`, if there is a repository.
  Result<void> find_repository(const std::string& start) {
    for (std::string folder = start == "/" ? "" : start;; folder = parent_folder(folder)) {
      const std::string git = folder + "/.git";
      // HEAD first: the folder looks another way after each command of git.
      if (is_there(git + "/HEAD")) {
        git_ = common_ = git;
        return {};
      }
      const auto link = text(git);
      if (!link) return tl::unexpected(link.error());
      if (*link) {
        const auto path = behind(**link, "gitdir:");
        if (!path || path->empty()) return not_understood(git, "does not say where the repository is");
        git_ = common_ = join_path(folder, *path);
        if (is_there(git_ + "/HEAD")) return {};
        return not_understood(git, fmt::format("leads to `{}`, which is no repository", escape_line(git_)));
      }
      if (folder.empty()) return {};
    }
  }

  Result<Said> reference(const std::string& name) {
    auto own = said_by(git_ + "/" + name);
    if (!own || !own->text.empty()) return own;
    if (common_ != git_) {
      auto shared = said_by(common_ + "/" + name);
      if (!shared || !shared->text.empty()) return shared;
    }
    const std::string path = common_ + "/packed-refs";
    const auto packed = text(path);
    if (!packed) return tl::unexpected(packed.error());
    for (std::string_view rest = *packed ? std::string_view(**packed) : std::string_view(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      const std::size_t blank = line.find(' ');
      if (blank != std::string_view::npos && line.substr(blank + 1) == name)
        return Said{path, std::string(line.substr(0, blank))};
    }
    return Said{path, ""};
  }

  Result<Said> said_by(const std::string& path) {
    auto found = text(path);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return Said{path, ""};
    const std::string_view said = trimmed(**found);
    if (said.empty()) return not_understood(path, "is empty");
    return Said{path, std::string(said)};
  }

  const TreeFile& look(const std::string& path) {
    const TreeFile* file = tree_.file(tree_.below_root(path));
    looked_.push_back(file);
    return *file;
  }
  bool is_there(const std::string& path) {
    const FileKind kind = look(path).stat.kind;
    return kind == FileKind::kRegular || kind == FileKind::kLink;
  }

  // Nothing if no file is there.
  Result<std::optional<std::string>> text(const std::string& path) {
    FileKind kind = look(path).stat.kind;
    if (kind == FileKind::kLink) {
      // How git wrote symbolic references once.
      if (auto target = read_link(path); target && target->starts_with("refs/")) return "ref: " + *target;
      kind = tree_.followed(tree_.below_root(path)).kind;
    }
    if (kind != FileKind::kRegular) return std::nullopt;
    auto bytes = read_file(path);
    if (bytes) return std::move(*bytes);
    // `git pack-refs` removes files, after it has written another.
    if (stat_followed(path).kind == FileKind::kAbsent) return std::nullopt;
    return tl::unexpected(bytes.error());
  }

  Tree& tree_;
  std::vector<const TreeFile*>& looked_;
  std::string git_, common_;  // absolute; "": no repository
};

}  // namespace

Result<std::string> checked_out_commit(Tree& tree, const std::string& folder,
                                       std::vector<const TreeFile*>& looked) {
  return CommitReader(tree, looked).commit_of(join_path(tree.root(), folder));
}

Result<std::string> last_change(Tree& tree, const std::string& folder, const std::vector<std::string>& paths,
                                const AskLastChange& ask, std::vector<const TreeFile*>& looked) {
  LastChangeQuestion question;
  question.folder = join_path(tree.root(), folder);
  CommitReader reader(tree, looked);
  auto head = reader.commit_of(question.folder);
  if (!head || *head == "none") return head;
  const auto cut = reader.cut();
  if (!cut) return tl::unexpected(cut.error());
  question.head = std::move(*head);
  if (*cut) question.cut = sha256(**cut).hex();
  for (const std::string& path : paths) question.paths.push_back(join_path(tree.root(), path));
  auto commit = ask(question);
  if (commit && *cut && ("\n" + **cut).find("\n" + *commit + "\n") != std::string::npos) *commit += " (cut)";
  return commit;
}

}  // namespace devtask
