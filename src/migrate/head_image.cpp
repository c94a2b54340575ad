#include "migrate/head_image.h"

#include <algorithm>
#include <ranges>

#include "action/fingerprint.h"
#include "exec/outputs.h"
#include "migrate/migration_tool.h"
#include "migrate/round_trip.h"
#include "os/file.h"

namespace devtask {
namespace {

GlobList below(const std::string& folder) { return GlobList::parse({folder + "/"}).value_or(GlobList()); }

bool is_bytecode(std::string_view path) { return path.find("__pycache__/") != std::string_view::npos; }

// Without those of bytecode; relative to the tree, sorted.
std::vector<std::string> files_of(const std::string& tree, const GlobList& globs) {
  std::vector<std::string> paths;
  for (OutputEntry& entry : scan_outputs(tree, globs)) {
    if (entry.kind == OutputEntry::Kind::kFile && !is_bytecode(entry.path))
      paths.push_back(std::move(entry.path));
  }
  return paths;
}

std::string command_text(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    for (const Template& word : step.words)
      text += word.expand([](std::string_view name) { return fmt::format("{{{{{}}}}}", name); }) + '\0';
    text += '\n';
  }
  return text;
}

std::vector<std::string> revision_files(const MigrationJob& job, const std::string& tree) {
  std::vector<std::string> names;
  for (const std::string& path : files_of(tree, below(job.dialect.versions)))
    names.push_back(path.substr(job.dialect.versions.size() + 1));
  return names;
}

}  // namespace

std::string head_image_key(const MigrationJob& job, const std::string& tree,
                           const std::set<std::string>& without) {
  const std::string& root = tree.empty() ? job.root : tree;
  Fingerprint facts;
  facts.add("task", "image of " + job.migrations.local, job.dialect.name);
  facts.add("command", "upgrade", command_text(job.migrations.upgrade));
  if (!job.server_version.empty()) facts.add("program", "server", job.server_version);
  for (const std::string& each : job.distributions) {
    const std::size_t blank = std::min(each.find(' '), each.size());
    facts.add("installed", each.substr(0, blank), each.substr(blank));
  }
  const std::size_t base = job.migrations.scope->base.empty() ? 0 : job.migrations.scope->base.size() + 1;
  for (const GlobList& globs : {job.migrations.inputs.globs, below(job.dialect.versions)}) {
    for (const std::string& path : files_of(root, globs)) {
      if (path.starts_with(job.dialect.versions + "/") &&
          without.contains(path.substr(job.dialect.versions.size() + 1)))
        continue;
      const auto digest = hash_file(join_path(root, path));
      facts.add("input", path.substr(std::min(base, path.size())), digest ? digest->hex() : "unreadable");
    }
  }
  return facts.text();
}

Result<bool> restore_image(const MigrationJob& job, ScratchDatabase& database, const std::string& key) {
  const std::string file = database.folder() + "/image";
  if (!job.images.fetch(key, file)) return false;
  auto restored = database.restore(file, job.stop);
  (void)remove_file(file);
  if (!restored) return tl::unexpected(restored.error());
  return true;
}

void keep_image(const MigrationJob& job, const ScratchDatabase& database, const std::string& key) {
  const std::string file = database.folder() + "/image";
  auto kept = database.save(file, job.stop);
  if (kept) kept = job.images.keep(key, file);
  if (!kept && !job.stop.stopping())
    job.say("the database at head is not kept for the next time: " + kept.error().message);
  (void)remove_file(file);
}

Result<void> bring_to_head(const MigrationJob& job, ScratchDatabase& database, const std::string& tree) {
  const std::string key = head_image_key(job, tree);
  auto restored = restore_image(job, database, key);
  if (!restored) return tl::unexpected(restored.error());
  if (*restored) return {};
  // That of an earlier day: without the newest ones, as their names say, or without any one of them.
  const std::vector<std::string> names = revision_files(job, tree.empty() ? job.root : tree);
  std::set<std::string> without;
  for (const std::string& name : names | std::views::reverse) {
    without.insert(name);
    restored = restore_image(job, database, head_image_key(job, tree, without));
    if (restored && !*restored && without.size() > 1)
      restored = restore_image(job, database, head_image_key(job, tree, {name}));
    if (!restored) return tl::unexpected(restored.error());
    if (*restored) break;
  }
  const std::string newest = newest_revision(job.versions_below(tree.empty() ? job.root : tree));
  if (newest.empty()) return {};
  job.say(*restored ? "upgrading the image of an earlier head"
                    : fmt::format("upgrading an empty database through {} revisions", names.size()));
  PluginRequest guard;
  guard.action = "guard";
  const auto upgraded = run_tool(job, {job.migrations.upgrade, database, std::move(guard), {}, newest, tree});
  if (!upgraded) return tl::unexpected(upgraded.error());
  if (upgraded->failed())
    return failure(tool_failure(job, "cannot upgrade a scratch database to the newest revision", *upgraded));
  keep_image(job, database, key);
  return {};
}

}  // namespace devtask
