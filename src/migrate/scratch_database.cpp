#include "migrate/scratch_database.h"

#include <algorithm>

#include "migrate/postgresql_leftovers.h"
#include "migrate/sqlite_copy.h"
#include "os/random_name.h"

namespace devtask {
namespace {

constexpr std::string_view kScratch = "scratch", kServer = "server";

bool has(const Template& url, std::string_view placeholder) {
  return std::ranges::any_of(
      url.parts(), [&](const Template::Part& part) { return part.placeholder && part.text == placeholder; });
}

// Without a placeholder it would always be the same database, and not ours.
Result<void> must_have(const Template& url, std::string_view placeholder) {
  if (has(url, placeholder)) return {};
  return failure(
      error("the URL of a scratch database has no {{{{{}}}}}", placeholder)
          .advise("a database that is there already is never used; put the placeholder where the folder "
                  "of the file, or the server, is named"));
}

std::string filled(const Template& url, const std::string& folder, const std::string& server) {
  std::string text;
  for (const Template::Part& part : url.parts()) {
    append_to_url(text, !part.placeholder ? part.text : part.text == kScratch ? folder : server);
  }
  return text;
}

// "postgresql://me@host/x" without what comes before "me".
std::string behind_scheme(const DatabaseUrl& url) {
  const std::string text = to_text(url);
  return text.substr(text.find("://") + 3);
}

// The version of the server that a dump was made of, from the comment in its head; "" if there is none.
std::string dumped_version(std::string_view head) {
  constexpr std::string_view kBefore = "\n-- Dumped from database version ";
  const std::size_t at = head.find(kBefore);
  if (at == std::string_view::npos) return {};
  head.remove_prefix(at + kBefore.size());
  return std::string(major_version(head));
}

}  // namespace

Result<ScratchDatabase> ScratchDatabase::in_folder(const Template& url,
                                                   const std::vector<std::string>& places,
                                                   StopRequest& stop) {
  if (auto placed = must_have(url, kScratch); !placed) return tl::unexpected(placed.error());
  remove_leftovers(places, nullptr, stop);
  auto folder = ScratchFolder::make(places, {});
  if (!folder) return tl::unexpected(folder.error());
  std::string text = filled(url, folder->path(), "");
  return ScratchDatabase(std::move(*folder), std::move(text));
}

Result<ScratchDatabase> ScratchDatabase::in_server(const Template& url, const DatabaseServer& server,
                                                   const std::vector<std::string>& places,
                                                   StopRequest& stop) {
  if (auto placed = must_have(url, kServer); !placed) return tl::unexpected(placed.error());
  if (server.shared) remove_leftovers(places, &server.client, stop);
  auto name = random_name();
  if (!name) return tl::unexpected(name.error());
  auto folder = ScratchFolder::make(places, {});
  if (!folder) return tl::unexpected(folder.error());
  DatabaseUrl tools = server.for_tools;
  tools.database = "devtask_" + *name;
  std::string text = filled(url, folder->path(), behind_scheme(tools));
  ScratchDatabase database(std::move(*folder), std::move(text));
  if (server.shared) {  // before there is something to be found
    const std::string note = join_path(database.folder_.path(), kDatabaseNote);
    auto noted = write_file(note, database_note(server.client.url(), tools.database), 0600);
    if (!noted) return tl::unexpected(noted.error());
  }
  database.server_ = server;
  database.name_ = tools.database;
  auto made = server.client.run({"CREATE DATABASE " + database.name_}, stop);
  if (!made) return tl::unexpected(made.error());
  return database;
}

// A database in a server of our own goes with the server.
ScratchDatabase::~ScratchDatabase() {
  if (name_.empty() || !server_->shared) return;
  StopRequest not_now;  // also when a run is being stopped
  if (!drop_database(server_->client, name_, not_now)) folder_.keep();
}

Result<void> ScratchDatabase::save(const std::string& image, StopRequest& stop) const {
  if (server_) {
    auto dump = server_->client.with_database(name_).dump(stop);
    if (!dump) return tl::unexpected(dump.error());
    return write_file(image, *dump);
  }
  const auto file = sqlite_file();
  if (!file) return tl::unexpected(file.error());
  return copy_sqlite(*file, image, stop);
}

Result<void> ScratchDatabase::restore(const std::string& image, StopRequest& stop) {
  if (!server_) {
    const auto file = sqlite_file();
    if (!file) return tl::unexpected(file.error());
    return copy_sqlite(image, *file, stop);
  }
  constexpr std::size_t kHead = 1024;
  const auto head = read_head(image, kHead);
  if (!head) return tl::unexpected(head.error());
  const std::string version = dumped_version(*head);
  if (version.empty()) return failure("`{}` is no image of a PostgreSQL database", image);
  const std::string check = fmt::format(
      "DO $$BEGIN IF current_setting('server_version_num')::int / 10000 <> {0} THEN RAISE EXCEPTION "
      "'the image was made with version {0} of the server, and this one is %', "
      "current_setting('server_version');"
      " END IF; END$$",
      version);
  return server_->client.with_database(name_).run_file(image, check, stop);
}

Result<std::string> ScratchDatabase::sqlite_file() const {
  auto url = parse_database_url(url_);
  if (!url) return tl::unexpected(url.error());
  if (url->dialect == "sqlite" && url->database.starts_with(folder_.path() + "/")) return url->database;
  return failure("there is no way to copy a database of the dialect `{}`", url->dialect);
}

}  // namespace devtask
