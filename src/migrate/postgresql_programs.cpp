#include "migrate/postgresql_programs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

#include "base/escape.h"
#include "os/file.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::size_t kShownLines = 8;

constexpr std::string_view kPackage =
    "install a PostgreSQL server: the package `postgresql` of Debian and Ubuntu, `postgresql-server` of "
    "Fedora, "
    "`postgresql@17` of Homebrew; or name a server's URL";

// Folders "BEFORE + VERSION + BEHIND".
struct Family {
  std::string_view above, before, behind;
};
constexpr std::array<Family, 6> kFamilies = {{
    {"/usr/lib/postgresql", "", "/bin"},  // Debian
    {"/usr", "pgsql-", "/bin"},           // PostgreSQL's own packages for Red Hat
    {"/usr/libexec", "postgresql", ""},   // Alpine
    {"/opt/homebrew/opt", "postgresql@", "/bin"},
    {"/usr/local/opt", "postgresql@", "/bin"},
    {"/home/linuxbrew/.linuxbrew/opt", "postgresql@", "/bin"},
}};
constexpr std::array<std::string_view, 3> kSingle = {"/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/bin"};

// "" unless all are there. Links are followed: the others are beside the real file.
std::string folder_of(const std::vector<std::string>& programs, const std::string& folder) {
  const auto real = real_path(join_path(folder, programs.front()));
  if (!real) return {};
  std::string where(parent_folder(*real));
  const bool whole = std::ranges::all_of(
      programs, [&](const std::string& program) { return is_executable_file(join_path(where, program)); });
  return whole ? where : std::string();
}

std::vector<std::string> members(const Family& family, const std::string& root) {
  const std::string above = root + std::string(family.above);
  std::vector<std::pair<int, std::string>> found;
  for (const FolderEntry& entry : list_folder(above).value_or(std::vector<FolderEntry>())) {
    if (!entry.name.starts_with(family.before)) continue;
    int major = 0;
    const char* end = entry.name.data() + entry.name.size();
    if (std::from_chars(entry.name.data() + family.before.size(), end, major).ec != std::errc()) continue;
    found.emplace_back(major, join_path(above, entry.name) + std::string(family.behind));
  }
  std::ranges::sort(found, std::greater<>());
  std::vector<std::string> folders;
  for (auto& [major, folder] : found) folders.push_back(std::move(folder));
  return folders;
}

bool is_complaint(std::string_view line) {
  constexpr std::array<std::string_view, 4> kWords = {"FATAL:", "PANIC:", "ERROR:", "error:"};
  return std::ranges::any_of(kWords, [&](auto word) { return line.find(word) != std::string_view::npos; });
}

Result<std::string> ask_version(const std::string& folder, const std::string& path, StopRequest& stop) {
  std::string said;
  ProcessRequest request;
  request.program = folder + "/postgres";
  request.argv = {"postgres", "--version"};
  request.env = {"PATH=" + path, "LC_ALL=C"};
  request.folder = "/";
  request.output = [&](std::string_view bytes) { said += bytes; };
  const auto outcome = run_process(request, stop);
  if (!outcome) return tl::unexpected(outcome.error());
  if (outcome->stopped) return failure("interrupted");
  std::string version = outcome->exit_status == 0 ? postgresql_version(said) : std::string();
  if (version.empty()) {
    return failure(
        error("`{}` does not tell its version", request.program).note(said.substr(0, said.find('\n'))));
  }
  return version;
}

}  // namespace

std::vector<std::string> postgresql_folders(std::string_view path, const std::string& root,
                                            const std::vector<std::string>& programs) {
  std::vector<std::string> folders;
  const auto add = [&](const std::string& folder) {
    std::string found = folder_of(programs, folder);
    if (!found.empty() && std::ranges::find(folders, found) == folders.end())
      folders.push_back(std::move(found));
  };
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(path.size(), folder.size() + 1));
    if (folder.starts_with('/')) add(std::string(folder));
  }
  for (const Family& family : kFamilies) {
    for (const std::string& folder : members(family, root)) add(folder);
  }
  for (const std::string_view folder : kSingle) add(root + std::string(folder));
  return folders;
}

std::string postgresql_version(std::string_view said) {
  constexpr std::string_view kBefore = "(PostgreSQL) ";
  const std::size_t at = said.find(kBefore);
  if (at == std::string_view::npos) return {};
  said.remove_prefix(at + kBefore.size());
  const auto end =
      std::ranges::find_if_not(said, [](unsigned char c) { return std::isalnum(c) != 0 || c == '.'; });
  const std::string version(said.begin(), end);
  return !version.empty() && std::isdigit(static_cast<unsigned char>(version[0])) != 0 ? version : "";
}

std::string_view major_version(std::string_view version) {
  return version.substr(0, std::min(version.find_first_not_of("0123456789"), version.size()));
}

const std::vector<std::string>& server_environment() {
  static const std::vector<std::string> kEnvironment = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"};
  return kEnvironment;
}

Diagnostic with_last_lines(Diagnostic diagnostic, std::string_view said) {
  std::vector<std::string> lines, complaints;
  while (!said.empty()) {
    const std::string_view line = said.substr(0, said.find('\n'));
    said.remove_prefix(std::min(said.size(), line.size() + 1));
    if (line.empty()) continue;
    lines.push_back(escape_line(line));
    if (is_complaint(line)) complaints.push_back(lines.back());
  }
  const auto& shown = complaints.empty() ? lines : complaints;
  const std::size_t first = shown.size() - std::min(shown.size(), kShownLines);
  diagnostic.notes.insert(diagnostic.notes.end(), shown.begin() + static_cast<std::ptrdiff_t>(first),
                          shown.end());
  return diagnostic;
}

Result<PostgresqlPrograms> find_postgresql(const std::string& path, StopRequest& stop,
                                           const std::string& root) {
  Diagnostic missing = error("there is no PostgreSQL server on this machine").advise(std::string(kPackage));
  for (const std::string& folder : postgresql_folders(path, root, {"postgres", "initdb"})) {
    auto version = ask_version(folder, path, stop);
    if (version) return PostgresqlPrograms{folder, std::move(*version)};
    if (stop.stopping()) return tl::unexpected(version.error());
    missing.notes.push_back(version.error().message);
  }
  return failure(std::move(missing));
}

Result<PostgresqlPrograms> find_postgresql_client(const std::string& path, const std::string& root) {
  auto folders = postgresql_folders(path, root, {"pg_dump", "psql"});
  if (!folders.empty()) return PostgresqlPrograms{std::move(folders.front()), ""};
  return failure(
      error("there is no `psql` and `pg_dump` on this machine")
          .advise("install PostgreSQL's client: the package `postgresql-client` of Debian and Ubuntu, "
                  "`postgresql` of Fedora, `libpq` of Homebrew"));
}

}  // namespace devtask
