#include "migrate/trial_revision.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "base/escape.h"
#include "exec/outputs.h"
#include "os/file.h"
#include "os/random_name.h"

namespace devtask {
namespace {

constexpr std::size_t kTokenLength = 8;

// `token`: eight hexadecimal digits, or an expression for them. Tools write `Add x_devtask_…` as
// `add_x_devtask_…`, `add-x-devtask-…` or `AddXDevtask…`.
std::regex marked_with(const std::string& token) {
  return std::regex("[-_ .]?devtask[-_ .]?" + token, std::regex::icase | std::regex::optimize);
}

// Files and links in the folder of the revisions, relative to the project's root.
std::vector<std::string> paths_in(const MigrationJob& job) {
  std::vector<std::string> paths;
  const auto globs = GlobList::parse({job.dialect.versions + "/"});
  for (OutputEntry& entry : scan_outputs(job.root, globs.value_or(GlobList()))) {
    if (entry.kind != OutputEntry::Kind::kDir) paths.push_back(std::move(entry.path));
  }
  return paths;
}

bool has(const MigrationJob& job, const std::string& path, const std::regex& mark) {
  return std::regex_search(path.begin() + static_cast<std::ptrdiff_t>(job.dialect.versions.size()),
                           path.end(), mark);
}

Result<void> remove_marked(const MigrationJob& job, const std::regex& mark) {
  for (const std::string& path : paths_in(job)) {
    if (!has(job, path, mark)) continue;
    const std::string absolute = join_path(job.root, path);
    if (auto removed = remove_file(absolute); !removed) return removed;
    const std::string folder(parent_folder(path));
    if (has(job, folder, mark)) (void)remove_folder_if_empty(join_path(job.root, folder));
  }
  return {};
}

// Neither Python nor an editor means them to be revisions.
bool is_aside(std::string_view path) {
  return file_name(path).starts_with('.') || path.ends_with('~') ||
         path.find("__pycache__/") != std::string_view::npos;
}

}  // namespace

TrialRevision::TrialRevision(const MigrationJob& job, std::string name, std::string token)
    : job_(&job), name_(std::move(name)), token_(std::move(token)) {
  for (std::string& path : paths_in(job)) before_.insert(std::move(path));
}

TrialRevision::TrialRevision(TrialRevision&& other) noexcept
    : job_(other.job_),
      name_(std::move(other.name_)),
      token_(std::exchange(other.token_, {})),
      before_(std::move(other.before_)) {}

TrialRevision::~TrialRevision() {
  if (token_.empty()) return;
  if (auto removed = remove_marked(*job_, marked_with(token_)); !removed) job_->say(removed.error().message);
}

Result<TrialRevision> TrialRevision::make(const MigrationJob& job, std::string name) {
  auto token = random_name();
  if (!token) return tl::unexpected(token.error());
  return TrialRevision(job, std::move(name), token->substr(0, kTokenLength));
}

Result<void> TrialRevision::clear_leftovers(const MigrationJob& job) {
  return remove_marked(job, std::regex("[-_]devtask[-_][0-9a-f]{8}(?![0-9a-z])", std::regex::icase));
}

Result<ToolOutcome> TrialRevision::run(const ScratchDatabase& database, PluginRequest request) {
  const std::string name = fmt::format("{}_devtask_{}", name_, token_);
  auto outcome = run_tool(*job_, {job_->migrations.revision, database, std::move(request), name});
  if (outcome) outcome->output = without_token(outcome->output, token_);
  return outcome;
}

Result<std::vector<TrialRevision::File>> TrialRevision::files() const {
  std::vector<File> files;
  const std::regex mark = marked_with(token_);
  std::string other;
  for (const std::string& path : paths_in(*job_)) {
    if (before_.contains(path) || is_aside(path)) continue;
    if (!has(*job_, path, mark)) {
      other = path;
      continue;
    }
    auto text = read_file(join_path(job_->root, path));
    if (!text) return tl::unexpected(text.error());
    files.push_back({without_token(path, token_), without_token(*text, token_)});
  }
  if (files.empty() && !other.empty()) {
    return failure(
        error("`{}` has appeared meanwhile, and may be the tool's: it is left as it is", escape_line(other))
            .advise("remove it if it is; the tool has to put the whole of `{{{{name}}}}` into "
                    "the names of its files"));
  }
  return files;
}

std::string TrialRevision::without_token(const std::string& text, const std::string& token) {
  return std::regex_replace(text, marked_with(token), "");
}

}  // namespace devtask
