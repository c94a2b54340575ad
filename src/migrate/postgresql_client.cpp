#include "migrate/postgresql_client.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/escape.h"
#include "os/process.h"

namespace devtask {
namespace {

constexpr std::string_view kConnectSeconds = "10";

// Variables such as PGHOSTADDR or PGSERVICE would lead to another server.
std::vector<std::string> environment(const std::optional<std::string>& password) {
  std::vector<std::string> variables;
  for (std::string& each : own_environment()) {
    if (!each.starts_with("PG") && !each.starts_with("LC_ALL=")) variables.push_back(std::move(each));
  }
  variables.emplace_back("LC_ALL=C");
  variables.emplace_back("PGCONNECT_TIMEOUT=" + std::string(kConnectSeconds));
  if (password) variables.push_back("PGPASSWORD=" + *password);
  return variables;
}

// What libpq takes, without the password: others can see a command line.
std::string connection(DatabaseUrl url) {
  url.dialect = "postgresql";
  url.driver.clear();
  url.password.reset();
  return to_text(url);
}

// "psql:FILE:12: ERROR:  relation ..." without what comes before the complaint.
std::string complaint(std::string_view said) {
  for (const std::string_view word : {"FATAL:  ", "ERROR:  ", "error: "}) {
    const std::size_t at = said.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = said.substr(at + word.size());
    return escape_line(rest.substr(0, rest.find('\n')));
  }
  while (said.ends_with('\n')) said.remove_suffix(1);
  return escape_line(said.substr(said.rfind('\n') + 1));
}

}  // namespace

PostgresqlClient PostgresqlClient::with_database(const std::string& name) const {
  PostgresqlClient other = *this;
  other.url_.database = name;
  return other;
}

Result<std::string> PostgresqlClient::start(std::string_view program, std::vector<std::string> words,
                                            StopRequest& stop) const {
  std::string said;
  ProcessRequest request;
  request.program = programs_.path(program);
  request.argv = {request.program, "--dbname=" + connection(url_), "--no-password"};
  request.argv.insert(request.argv.end(), words.begin(), words.end());
  request.env = environment(url_.password);
  request.folder = "/";
  request.output = [&](std::string_view bytes) { said += bytes; };
  const auto outcome = run_process(request, stop);
  if (!outcome) {
    return failure(
        Diagnostic(outcome.error())
            .advise(
                "it comes with PostgreSQL's client: the package `postgresql-client` of Debian and Ubuntu"));
  }
  if (outcome->stopped) return failure("interrupted");
  if (outcome->exit_status == 0) return said;
  return failure("the database `{}`: {}", mask_database_url(to_text(url_)), complaint(said));
}

Result<std::string> PostgresqlClient::run(const std::vector<std::string>& statements,
                                          StopRequest& stop) const {
  std::vector<std::string> words = {"--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                                    "--set=ON_ERROR_STOP=1"};
  for (const std::string& statement : statements) words.push_back("--command=" + statement);
  return start("psql", std::move(words), stop);
}

Result<void> PostgresqlClient::run_file(const std::string& path, const std::string& first,
                                        StopRequest& stop) const {
  std::vector<std::string> words = {"--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
                                    "--output=/dev/null"};
  if (!first.empty()) words.push_back("--command=" + first);
  words.push_back("--file=" + path);
  const auto done = start("psql", std::move(words), stop);
  if (!done) return tl::unexpected(done.error());
  return {};
}

Result<std::string> PostgresqlClient::dump(StopRequest& stop) const {
  auto text = start("pg_dump", {"--no-owner", "--no-privileges"}, stop);
  if (!text) return text;
  return settle_dump(std::move(*text));
}

std::string settle_dump(std::string dump) {
  constexpr std::string_view kFence = "\n\\restrict ", kEnd = "\n\\unrestrict ";
  const std::size_t begin = dump.find(kFence), end = dump.rfind(kEnd);
  if (begin == std::string::npos || end == std::string::npos) return dump;
  const std::size_t word = begin + kFence.size(), length = dump.find('\n', word) - word;
  const std::size_t last = end + kEnd.size();
  if (length == 0 || dump.compare(last, length, dump, word, length) != 0) return dump;
  dump.erase(last, length);
  dump.erase(word, length);
  const std::string settled = sha256(dump).hex();
  dump.insert(last - length, settled);
  return dump.insert(word, settled);
}

}  // namespace devtask
