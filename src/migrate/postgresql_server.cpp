#include "migrate/postgresql_server.h"

#include <array>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "migrate/postgresql_client.h"
#include "migrate/postgresql_clusters.h"
#include "migrate/postgresql_leftovers.h"
#include "migrate/scratch_folder.h"
#include "os/process.h"
#include "os/random_name.h"
#include "os/socket.h"

namespace devtask {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kUsualPort = "5432";
constexpr std::string_view kReady = "database system is ready to accept connections";
constexpr std::string_view kPortTaken = "Address already in use";
constexpr int kPortAttempts = 5;
constexpr std::size_t kLogTail = 8 * 1024;
constexpr milliseconds kGrace{6000};  // after five seconds the server itself kills what does not end

// Nobody needs what is in it after a crash.
constexpr std::array<std::string_view, 10> kSettings = {
    "fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal", "max_wal_senders=0",
    "autovacuum=off",
    // In its folder, which is removed, and not where it would stay.
    "dynamic_shared_memory_type=mmap", "password_encryption=scram-sha-256",
    "log_line_prefix=", "lc_messages=C"};

}  // namespace

struct PostgresqlServer::Running {
  Running(PostgresqlPrograms server, ScratchFolder scratch, WakePipe pipe)
      : programs(std::move(server)), folder(std::move(scratch)), told(std::move(pipe)) {}
  ~Running() {
    end.request();
    if (thread.joinable()) thread.join();
    end_killed_server(folder);
  }

  std::string data() const { return folder.path() + "/" + std::string(kServerData); }

  // On its own thread: the kernel ends the server when the thread ends that has started it.
  void run(const ProcessRequest& request) {
    const auto outcome = run_process(request, end);
    const std::scoped_lock lock(mutex);
    ended = true;
    if (!outcome) said = outcome.error().message;
    exit_status = outcome ? outcome->exit_status : 127;
    told.wake();
  }

  Result<void> start(const PostgresqlRequest& request, const std::optional<Account>& account,
                     StopRequest& stop);
  Result<void> open_loopback(const std::string& port, StopRequest& stop);

  Result<void> check() const {
    const std::scoped_lock lock(mutex);
    if (!ended) return {};
    return failure(
        with_last_lines(error("the PostgreSQL server ended, with exit status {}", exit_status), said));
  }
  bool has_said(std::string_view words) const {
    const std::scoped_lock lock(mutex);
    return said.find(words) != std::string::npos;
  }

  void hear(std::string_view bytes) {
    const std::scoped_lock lock(mutex);
    said += bytes;
    if (!ready && said.find(kReady) != std::string::npos) {
      ready = true;
      told.wake();
    }
    if (said.size() > 2 * kLogTail) said.erase(0, said.size() - kLogTail);
  }

  PostgresqlClient client() const { return {programs, url}; }

  PostgresqlPrograms programs;
  ScratchFolder folder;
  DatabaseUrl url;
  std::optional<DatabaseUrl> loopback;
  StopRequest end;
  WakePipe told;  // closed when the server answers, or has ended
  std::jthread thread;

  mutable std::mutex mutex;  // for what follows
  std::string said;          // the end of the server's log
  bool ready = false, ended = false;
  int exit_status = 0, process_id = 0;
};

namespace {

ProcessRequest server_request(const PostgresqlRequest& request, const ScratchFolder& folder,
                              const std::string& data, const std::optional<Account>& account,
                              const std::string& port) {
  ProcessRequest server;
  server.program = request.programs.path("postgres");
  server.argv = {
      server.program, "-D",          data,
      "-k",           folder.path(), "-p",
      port,           "-c",          request.loopback ? "listen_addresses=127.0.0.1" : "listen_addresses="};
  for (const std::string_view setting : kSettings) {
    server.argv.emplace_back("-c");
    server.argv.emplace_back(setting);
  }
  server.env = server_environment();
  server.folder = folder.path();
  server.grace = kGrace;
  server.inherited_fd = folder.held();
  server.account = account;
  server.ends_by_quit = true;
  return server;
}

DatabaseUrl socket_url(const std::string& folder, const std::string& port) {
  DatabaseUrl url;
  url.dialect = "postgresql";
  url.user = std::string(kSuperuser);
  url.database = "postgres";
  url.query = {{"host", folder}};
  if (port != kUsualPort) url.query.emplace_back("port", port);
  return url;
}

}  // namespace

// Others can reach that address, so it has a password; until one is set, nobody gets in that way.
Result<void> PostgresqlServer::Running::open_loopback(const std::string& port, StopRequest& stop) {
  auto password = random_name();
  if (!password) return tl::unexpected(password.error());
  const std::string file = folder.path() + "/password";
  auto set = write_file(file, fmt::format("ALTER ROLE {} PASSWORD '{}';\n", kSuperuser, *password), 0600);
  if (set) set = client().run_file(file, "", stop);
  (void)remove_file(file);
  if (!set) return set;
  loopback = url;
  loopback->query.clear();
  loopback->host = "127.0.0.1";
  loopback->port = port;
  loopback->password = std::move(*password);
  return {};
}

// Returns when it answers or has ended.
Result<void> PostgresqlServer::Running::start(const PostgresqlRequest& request,
                                              const std::optional<Account>& account, StopRequest& stop) {
  std::string port(kUsualPort);
  if (request.loopback) {
    const auto free = free_loopback_port();
    if (!free) return tl::unexpected(free.error());
    port = std::to_string(*free);
  }
  ProcessRequest process = server_request(request, folder, data(), account, port);
  process.output = [this](std::string_view bytes) { hear(bytes); };
  process.started = [this](int pid) {
    const std::scoped_lock lock(mutex);
    process_id = pid;
  };
  try {
    thread = std::jthread([this, process = std::move(process)] { run(process); });
  } catch (const std::system_error& refused) {
    return failure("cannot start a thread: {}", refused.what());
  }
  wait_any_readable({told.read.get(), stop.stopping_fd()});
  if (stop.stopping()) return failure("interrupted");
  url = socket_url(folder.path(), port);
  if (auto alive = check(); !alive) return alive;
  return request.loopback ? open_loopback(port, stop) : Result<void>();
}

Result<PostgresqlServer> PostgresqlServer::start(const PostgresqlRequest& request, StopRequest& stop) {
  const auto account = unprivileged_account();
  if (!account) return tl::unexpected(account.error());
  remove_leftovers(request.places, nullptr, stop);
  const PostgresqlClusters clusters(request.programs, request.clusters, *account);
  for (int attempt = 1;; ++attempt) {
    auto folder = ScratchFolder::make(request.places, *account);
    if (!folder) return tl::unexpected(folder.error());
    auto pipe = WakePipe::create();
    if (!pipe) return tl::unexpected(pipe.error());
    auto running = std::make_unique<Running>(request.programs, std::move(*folder), std::move(*pipe));
    if (auto usable = running->end.check(); !usable) return tl::unexpected(usable.error());
    const bool kept = clusters.has_kept();
    if (auto given = clusters.give(running->folder, running->data(), stop); !given)
      return tl::unexpected(given.error());
    const auto started = running->start(request, *account, stop);
    if (started) return PostgresqlServer(std::move(running));
    if (stop.stopping()) return tl::unexpected(started.error());
    const bool port_taken = running->has_said(kPortTaken);
    if (port_taken ? attempt >= kPortAttempts : !kept) return tl::unexpected(started.error());
    if (!port_taken) clusters.forget();  // it may be to blame
  }
}

PostgresqlServer::PostgresqlServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}
PostgresqlServer::PostgresqlServer(PostgresqlServer&&) noexcept = default;
PostgresqlServer::~PostgresqlServer() = default;

DatabaseServer PostgresqlServer::access() const {
  return {running_->client(), running_->loopback.value_or(running_->url), false};
}

int PostgresqlServer::process_id() const {
  const std::scoped_lock lock(running_->mutex);
  return running_->process_id;
}

Result<void> PostgresqlServer::check() const { return running_->check(); }

}  // namespace devtask
