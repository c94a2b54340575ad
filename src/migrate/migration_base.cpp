#include "migrate/migration_base.h"

#include <algorithm>
#include <set>

#include "action/fingerprint.h"
#include "migrate/head_image.h"
#include "migrate/migration_tool.h"
#include "migrate/python_package.h"
#include "os/file.h"

namespace devtask {
namespace {

std::vector<std::string> split(std::string_view text, char end) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t at = std::min(text.find(end), text.size());
    if (at > 0) parts.emplace_back(text.substr(0, at));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return parts;
}

// As git sees a path of the project, without any meaning but itself.
std::string pathspec(const Git& git, const std::string& path) {
  return ":(top,literal)" + join_path(git.prefix(), path);
}

// The path below the project, or nothing.
std::optional<std::string> below_prefix(const Git& git, std::string path) {
  if (git.prefix().empty()) return path;
  if (!path.starts_with(git.prefix() + "/")) return std::nullopt;
  return path.substr(git.prefix().size() + 1);
}

bool matters(const Migrations& migrations, const Dialect& dialect, const std::string& path) {
  if (path.find("__pycache__/") != std::string::npos) return false;
  return migrations.models.globs.matches(path) || migrations.inputs.globs.matches(path) ||
         path.starts_with(dialect.versions + "/");
}

struct TreeEntry {
  std::string path, object;
};

Result<std::vector<TreeEntry>> entries_of(const Git& git, const std::string& commit,
                                          const std::string& path) {
  std::vector<std::string> words{"ls-tree", "-r", "-z", "--full-tree", commit};
  if (!path.empty() || !git.prefix().empty()) {
    words.emplace_back("--");
    words.push_back(path.empty() ? git.prefix() : join_path(git.prefix(), path));
  }
  const auto said = git.ask(words);
  if (!said) return tl::unexpected(said.error());
  std::vector<TreeEntry> entries;
  for (const std::string& line : split(*said, '\0')) {  // "100644 blob ID\tPATH"
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    if (auto own = below_prefix(git, line.substr(tab + 1)))
      entries.push_back({std::move(*own), line.substr(0, tab)});
  }
  return entries;
}

// All files of a commit in a folder of their own, which goes with the object.
class BaseTree {
 public:
  static Result<BaseTree> check_out(const Git& git, const std::string& commit,
                                    const std::vector<std::string>& places) {
    auto folder = ScratchFolder::make(places, std::nullopt);
    if (!folder) return tl::unexpected(folder.error());
    const std::string top = folder->path() + "/tree";
    const Git own = git.with_index(folder->path() + "/index");
    if (auto read = own.ask({"read-tree", commit}); !read) return tl::unexpected(read.error());
    // What large files stand for is no Python: they are not fetched from anywhere.
    const auto written =
        own.ask({"-c", "filter.lfs.process=", "-c", "filter.lfs.smudge=cat", "-c",
                 "filter.lfs.required=false", "checkout-index", "--all", "--quiet", "--prefix=" + top + "/"});
    if (!written) return tl::unexpected(written.error());
    return BaseTree(std::move(*folder), join_path(top, git.prefix()));
  }
  const std::string& path() const { return path_; }

  // What the models' package has that git ignores, such as a generated version: no commit has it.
  Result<void> add_generated(const MigrationJob& job) const {
    const std::string root = package_root(path_, job.migrations.models);
    const std::string above = root.substr(std::min(path_.size() + 1, root.size()));
    const auto said = job.git->ask({"ls-files", "-z", "--others", "--ignored", "--exclude-standard",
                                    "--full-name", "--", pathspec(*job.git, above)});
    if (!said) return tl::unexpected(said.error());
    for (std::string& each : split(*said, '\0')) {
      const auto path = below_prefix(*job.git, std::move(each));
      if (!path || !path->ends_with(".py")) continue;
      // Below a package of the base: not in an environment that lies beside it.
      const std::string folder(parent_folder(*path));
      const bool in_package =
          stat_followed(fmt::format("{}/{}/__init__.py", path_, folder)).kind == FileKind::kRegular;
      if (!in_package || stat_followed(join_path(path_, *path)).kind != FileKind::kAbsent) continue;
      auto text = read_file(join_path(job.root, *path));
      if (!text) return tl::unexpected(text.error());
      if (auto written = write_file(join_path(path_, *path), *text); !written) return written;
    }
    return {};
  }

 private:
  BaseTree(ScratchFolder folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  ScratchFolder folder_;
  std::string path_;  // of the project in it
};

}  // namespace

Result<std::optional<MigrationBase>> find_base(const Git* git, const Dialect& dialect,
                                               const std::string& wanted) {
  if (git == nullptr) {
    if (wanted.empty()) return std::nullopt;
    return failure("there is no commit `{}`: the project is in no repository of git", wanted);
  }
  std::vector<std::string> words{"log", "-1", "--no-show-signature", "--format=%H%x00%h%x00%cI%x00%P%x00%s"};
  if (wanted.empty()) {
    const auto head = git->run({"rev-parse", "--verify", "--quiet", "HEAD"});
    if (!head) return tl::unexpected(head.error());
    if (head->status != 0) return std::nullopt;  // no commit yet
    words.insert(words.end(), {"--", pathspec(*git, dialect.versions)});
  } else {
    const auto found =
        git->run({"rev-parse", "--verify", "--quiet", "--end-of-options", wanted + "^{commit}"});
    if (!found) return tl::unexpected(found.error());
    if (found->status != 0) {
      return failure(error("there is no commit `{}`", wanted)
                         .advise("name one as git does, for example `--base main` or `--base HEAD~2`"));
    }
    // Of a branch that has moved on, where this one began.
    const auto common = git->run({"merge-base", "--end-of-options", wanted, "HEAD"});
    if (!common) return tl::unexpected(common.error());
    std::string commit = common->status == 0 ? common->out : found->out;
    while (commit.ends_with('\n')) commit.pop_back();
    words.insert(words.end(), {"--end-of-options", std::move(commit), "--"});
  }
  const auto said = git->ask(words);
  if (!said) return tl::unexpected(said.error());
  std::vector<std::string> fields;
  std::string_view rest = *said;
  while (fields.size() < 5 && !rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    fields.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (fields.size() < 4) return std::nullopt;
  fields.resize(5);
  while (fields[4].ends_with('\n')) fields[4].pop_back();
  MigrationBase base;
  base.commit = fields[0];
  base.time = fields[2];
  base.shown = fmt::format("{} of {} ({})", fields[1], fields[2].substr(0, 10), fields[4]);
  if (wanted.empty()) {
    const auto revisions = entries_of(*git, base.commit, dialect.versions);
    if (!revisions) return tl::unexpected(revisions.error());
    if (revisions->empty()) return std::nullopt;  // it took them out of the history
  }
  if (fields[3].empty() && wanted.empty()) {
    const auto shallow = git->ask({"rev-parse", "--is-shallow-repository"});
    base.is_cut = shallow && shallow->starts_with("true");
  }
  return base;
}

Result<std::vector<std::string>> changed_since(const Git& git, const Migrations& migrations,
                                               const Dialect& dialect, const MigrationBase& base) {
  const auto changed = git.ask({"diff", "--name-only", "-z", "--no-renames", base.commit, "--"});
  if (!changed) return tl::unexpected(changed.error());
  // Also what git ignores: models can be generated.
  std::vector<std::string> words{"ls-files", "-z", "--others", "--full-name", "--"};
  for (const auto* globs : {&migrations.models.globs, &migrations.inputs.globs}) {
    for (const std::string& folder : globs->roots()) words.push_back(pathspec(git, folder));
    for (const std::string& path : globs->literals()) words.push_back(pathspec(git, path));
  }
  words.push_back(pathspec(git, dialect.versions));
  const auto added = git.ask(words);
  if (!added) return tl::unexpected(added.error());
  std::set<std::string> found;
  for (const std::string* list : {&*changed, &*added}) {
    for (std::string& path : split(*list, '\0')) {
      auto own = below_prefix(git, std::move(path));
      if (own && matters(migrations, dialect, *own)) found.insert(std::move(*own));
    }
  }
  return std::vector<std::string>(found.begin(), found.end());
}

Result<std::vector<std::string>> revisions_of(const Git& git, const Dialect& dialect,
                                              const MigrationBase& base) {
  const auto entries = entries_of(git, base.commit, dialect.versions);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<std::string> names;
  for (const TreeEntry& entry : *entries) names.push_back(entry.path.substr(dialect.versions.size() + 1));
  return names;
}

Result<std::string> base_report(const MigrationJob& job, const MigrationBase& base,
                                const std::string& folder) {
  const std::string file = folder + "/base.json";
  const auto entries = entries_of(*job.git, base.commit, "");
  if (!entries) return tl::unexpected(entries.error());
  const auto is_revision = [&](const TreeEntry& each) {
    return each.path.starts_with(job.dialect.versions + "/") && !each.path.ends_with("/__init__.py");
  };
  const auto is_python = [](const TreeEntry& each) { return each.path.ends_with(".py"); };
  std::vector<TreeEntry> revisions;
  std::ranges::copy_if(*entries, std::back_inserter(revisions), is_revision);
  if (!revisions.empty() && std::ranges::none_of(revisions, is_python)) return "";
  Fingerprint facts;
  facts.add("task", "base report of " + job.migrations.local, job.dialect.name);
  facts.add("program", "server", job.server_version);
  for (const std::string& each : job.distributions) facts.add("installed", each, "");
  for (const TreeEntry& entry : *entries) {
    if (matters(job.migrations, job.dialect, entry.path)) facts.add("input", entry.path, entry.object);
  }
  const std::string key = facts.text();
  if (job.images.fetch(key, file)) return file;

  job.say("looking at the models of the base, " + base.shown);
  const auto tree = BaseTree::check_out(*job.git, base.commit, job.places);
  if (!tree) return tl::unexpected(tree.error());
  if (auto whole = tree->add_generated(job); !whole) return tl::unexpected(whole.error());
  auto database = job.make_database();
  if (!database) return tl::unexpected(database.error());
  if (auto ready = bring_to_head(job, *database, tree->path()); !ready)
    return failure(std::move(ready.error()).note("with the revisions of the base, " + base.shown));
  PluginRequest report;
  report.action = "report";
  const auto outcome =
      run_tool(job, {job.migrations.revision, *database, std::move(report), "base", {}, tree->path()});
  if (!outcome) return tl::unexpected(outcome.error());
  if (!outcome->answer && outcome->exit_status == 0) return "";
  if (!outcome->answer || !outcome->answer->done()) {
    return failure(
        std::move(tool_failure(job, "cannot compare the models of the base with its revisions", *outcome))
            .advise("`--base REF` names another commit; `--keep-all` leaves nothing out and needs no base")
            .note("the base is " + base.shown));
  }
  const auto report_text = read_file(database->folder() + "/result.json");
  if (!report_text) return tl::unexpected(report_text.error());
  if (auto written = write_file(file, *report_text); !written) return tl::unexpected(written.error());
  if (auto kept = job.images.keep(key, file); !kept)
    job.say("the report of the base is not kept for the next time: " + kept.error().message);
  return file;
}

}  // namespace devtask
