#include "os/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <thread>

#include "os/spawn.h"

namespace devtask {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kKillRounds = 200;
constexpr Clock::time_point kNever = Clock::time_point::max();

// An interactive child shares our terminal, and our process group with it.
Result<SpawnedProcess> spawn(const ProcessRequest& request, int output) {
  return spawn_process({request.program, request.argv, request.env, request.folder,
                        request.interactive ? -1 : output, request.inherited_fd, !request.interactive,
                        request.input, request.errors, request.account ? &*request.account : nullptr,
                        request.ends_by_quit ? SIGQUIT : SIGKILL});
}

int status_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return 127;
  }
  return status_code(status);
}

// Members that ended as our (adopted) children are reaped first: a zombie would count as a member for ever.
bool has_members(pid_t group) {
  while (::waitpid(-group, nullptr, WNOHANG) > 0) {
  }
  return ::kill(-group, 0) == 0 || errno == EPERM;
}

// One running child: where its output comes from, and how it is brought to its end.
class Child {
 public:
  Child(SpawnedProcess process, const ProcessRequest& request, Fd output, const StopRequest& stop)
      : pid_(process.pid),
        exit_(std::move(process.ended)),
        request_(request),
        output_(std::move(output)),
        stop_(stop) {}

  ProcessOutcome run() {
    const Clock::time_point start = Clock::now();
    ProcessOutcome outcome;
    switch (follow(request_.timeout ? start + *request_.timeout : kNever, true)) {
      case Woken::kExited:
        break;
      case Woken::kTimeLimit:
        outcome.timed_out = true;
        break;
      case Woken::kStop:
        outcome.stopped = true;
        break;
    }
    if (outcome.timed_out || outcome.stopped) {
      end();
    }
    outcome.exit_status = wait_for(pid_);
    outcome.duration = std::chrono::duration_cast<milliseconds>(Clock::now() - start);
    // Whatever the task left running in its group goes with it, and holds its output open no longer.
    if (!request_.interactive && has_members(pid_)) {
      end_process_group(pid_, stop_.at_once() ? milliseconds(0) : request_.grace / 10);
    }
    drain();
    return outcome;
  }

 private:
  enum class Woken { kExited, kTimeLimit, kStop };

  // Passes output on until the leader exits, the deadline comes, or a stop is asked for.
  Woken follow(Clock::time_point deadline, bool heed_stop) {
    while (true) {
      pollfd waiting[3] = {{exit_.get(), POLLIN, 0},
                           {output_.get(), POLLIN, 0},
                           {heed_stop ? stop_.stopping_fd() : stop_.at_once_fd(), POLLIN, 0}};
      int timeout = -1;
      if (deadline != kNever) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
        timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
      }
      const int ready = ::poll(waiting, 3, timeout);
      if (ready < 0) continue;
      if (ready == 0 && Clock::now() >= deadline) return Woken::kTimeLimit;
      if ((waiting[1].revents & (POLLIN | POLLHUP)) != 0 && !read_some()) output_.reset();
      if (waiting[0].revents != 0) return Woken::kExited;
      if (waiting[2].revents != 0) return Woken::kStop;
    }
  }

  // TERM, a grace period, KILL. An interactive child shares our group: only it is signalled.
  void end() {
    const pid_t target = request_.interactive ? pid_ : -pid_;
    ::kill(target, request_.ends_by_quit ? SIGQUIT : SIGTERM);
    ::kill(target, SIGCONT);  // a stopped process cannot act on it
    if (follow(Clock::now() + request_.grace, false) != Woken::kExited) ::kill(target, SIGKILL);
  }

  bool read_some() {
    char buffer[64 * 1024];
    const ssize_t got = ::read(output_.get(), buffer, sizeof buffer);
    if (got < 0) return errno == EINTR || errno == EAGAIN;
    if (got == 0) return false;
    if (request_.output) request_.output({buffer, static_cast<std::size_t>(got)});
    return true;
  }

  // What is still in the pipe; a process outside the group may hold it open, so never wait for its end.
  void drain() {
    while (output_) {
      pollfd waiting{output_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 0) != 1 || !read_some()) output_.reset();
    }
  }

  pid_t pid_;
  Fd exit_;
  const ProcessRequest& request_;
  Fd output_;
  const StopRequest& stop_;
};

struct Pipe {
  Fd read, write;
};

Result<Pipe> new_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failure("cannot make a pipe: {}", std::strerror(errno));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// Parent of each process, from /proc/N/stat: the field after the last ')' and the state letter.
std::multimap<pid_t, pid_t> process_tree() {
  std::multimap<pid_t, pid_t> children;
  const auto entries = list_folder("/proc");
  if (!entries) return children;
  for (const FolderEntry& entry : *entries) {
    pid_t pid = 0;
    const char* end = entry.name.data() + entry.name.size();
    if (std::from_chars(entry.name.data(), end, pid).ptr != end) continue;
    const auto stat = read_file("/proc/" + entry.name + "/stat");
    if (!stat) continue;
    const std::size_t paren = stat->rfind(')');
    if (paren == std::string::npos || paren + 4 >= stat->size() || (*stat)[paren + 2] == 'Z') continue;
    pid_t parent = 0;
    std::from_chars(stat->data() + paren + 4, stat->data() + stat->size(), parent);
    children.emplace(parent, pid);
  }
  return children;
}

}  // namespace

Result<ProcessOutcome> run_process(const ProcessRequest& request, StopRequest& stop) {
  Fd read_end;
  Fd write_end;
  if (!request.interactive) {
    auto pipe = new_pipe();
    if (!pipe) return tl::unexpected(pipe.error());
    read_end = std::move(pipe->read);
    write_end = std::move(pipe->write);
  }
  auto process = spawn(request, write_end.get());
  if (!process) return tl::unexpected(process.error());
  write_end.reset();
  if (request.started) request.started(request.interactive ? 0 : process->pid);
  if (request.interactive) stop.leave_interrupts_to_child(true);
  ProcessOutcome outcome = Child(std::move(*process), request, std::move(read_end), stop).run();
  if (request.interactive) {
    stop.leave_interrupts_to_child(false);
    if (outcome.exit_status == 128 + SIGINT && !outcome.stopped) {
      stop.request();
      outcome.stopped = true;
    }
  }
  return outcome;
}

Result<BackgroundProcess> BackgroundProcess::start(const ProcessRequest& request) {
  auto pipe = new_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  auto spawned = spawn(request, pipe->write.get());
  if (!spawned) return tl::unexpected(spawned.error());
  BackgroundProcess process;
  process.pid_ = spawned->pid;
  process.output_ = std::move(pipe->read);
  return process;
}

BackgroundProcess::BackgroundProcess(BackgroundProcess&& other) noexcept
    : pid_(other.pid_), output_(std::move(other.output_)) {
  other.pid_ = -1;
}

BackgroundProcess::~BackgroundProcess() {
  if (pid_ < 0) return;
  kill();
  wait();
}

int BackgroundProcess::wait() {
  const int status = wait_for(pid_);
  pid_ = -1;
  return status;
}

void BackgroundProcess::kill() {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

void adopt_orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

void kill_descendants() {
  // Each round finds what the last one's victims had started meanwhile; a process in uninterruptible sleep
  // may stay.
  for (int round = 0; round < kKillRounds; ++round) {
    const auto children = process_tree();
    std::vector<pid_t> found;
    std::vector<pid_t> parents{::getpid()};
    while (!parents.empty()) {
      const auto [first, last] = children.equal_range(parents.back());
      parents.pop_back();
      for (auto child = first; child != last; ++child) {
        found.push_back(child->second);
        parents.push_back(child->second);
      }
    }
    if (found.empty()) return;
    for (const pid_t pid : found) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(5));  // there is no event for "all gone"
  }
}

namespace {

bool is_marked(pid_t pid, const std::vector<std::string>& marks) {
  const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ");
  if (!environment) return false;
  const std::string text = '\0' + *environment;
  return std::all_of(marks.begin(), marks.end(), [&](const std::string& mark) {
    return text.find('\0' + mark + '\0') != std::string::npos;
  });
}

template <class Which>
void kill_all(const std::vector<std::string>& marks, const std::function<bool()>& still, Which which) {
  if (marks.empty()) return;
  for (int round = 0; round < kKillRounds; ++round) {
    std::vector<pid_t> found;
    for (const auto& [parent, pid] : process_tree()) {
      if (pid != ::getpid() && which(parent, pid) && is_marked(pid, marks)) found.push_back(pid);
    }
    if (found.empty() || !still()) return;
    for (const pid_t pid : found) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(milliseconds(5));  // there is no event for "all gone"
  }
}

}  // namespace

void kill_holders(const std::string& path, const std::function<bool()>& still) {
  const std::string own = own_executable();
  std::vector<pid_t> found;
  for (const auto& [parent, pid] : process_tree()) {
    const std::string process = "/proc/" + std::to_string(pid);
    if (pid == ::getpid() || read_link(process + "/exe").value_or(own) == own) continue;
    const auto descriptors = list_folder(process + "/fd");
    if (!descriptors) continue;
    for (const FolderEntry& descriptor : *descriptors) {
      if (read_link(process + "/fd/" + descriptor.name).value_or("") == path) found.push_back(pid);
    }
  }
  if (found.empty() || !still()) return;
  for (const pid_t pid : found) ::kill(pid, SIGKILL);
}

void kill_marked(const std::vector<std::string>& marks, const std::function<bool()>& still) {
  kill_all(marks, still, [](pid_t, pid_t) { return true; });
}

void kill_marked_orphans(const std::vector<std::string>& marks) {
  const pid_t own = ::getpid(), session = ::getsid(0);
  kill_all(
      marks, [] { return true; },
      [&](pid_t parent, pid_t pid) { return parent == own && ::getsid(pid) != session; });
}

void end_process_group(int group, milliseconds grace) {
  if (!has_members(group)) return;
  ::kill(-group, SIGTERM);
  ::kill(-group, SIGCONT);
  const Clock::time_point deadline = Clock::now() + grace;
  while (has_members(group)) {
    if (Clock::now() >= deadline) ::kill(-group, SIGKILL);
    std::this_thread::sleep_for(milliseconds(2));  // the kernel has no event for an empty group
    if (Clock::now() >= deadline + std::chrono::seconds(10))
      return;  // uninterruptible: nothing more can be done
  }
}

Diagnostic become_program(const std::string& program, const std::vector<std::string>& argv,
                          const std::string& folder) {
  if (::chdir(folder.c_str()) != 0) return error("cannot enter `{}`: {}", folder, std::strerror(errno));
  std::vector<char*> words;
  for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  return error("cannot start `{}`: {}", program, std::strerror(errno));
}

namespace {

// What /proc/N/stat says behind the name, which stands in parentheses and may hold anything: " S 1 ...", from
// the third field on. Empty if there is no such process.
std::string fields_behind_name(int pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name = stat ? stat->rfind(')') : std::string::npos;
  return name == std::string::npos ? std::string() : stat->substr(name + 1);
}

// It only waits for its parent to notice its end.
bool is_zombie(std::string_view fields) { return fields.starts_with(" Z"); }

}  // namespace

bool process_alive(int pid) {
  return (::kill(pid, 0) == 0 || errno == EPERM) && !is_zombie(fields_behind_name(pid));
}

std::uint64_t process_start(int pid) {
  const std::string fields = fields_behind_name(pid);
  if (is_zombie(fields)) return 0;
  constexpr int kStart = 22 - 2;
  std::size_t at = 0;
  for (int field = 1; field < kStart && at != std::string::npos; ++field) at = fields.find(' ', at + 1);
  std::uint64_t start = 0;
  if (at < fields.size()) std::from_chars(fields.data() + at + 1, fields.data() + fields.size(), start);
  return start;
}

bool wait_readable(int fd, milliseconds at_most) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(at_most.count())) > 0;
}

void wait_any_readable(const std::vector<int>& fds) {
  std::vector<pollfd> waiting;
  for (const int fd : fds) waiting.push_back({fd, POLLIN, 0});
  while (::poll(waiting.data(), waiting.size(), -1) < 0) {
  }
}

std::optional<std::string> read_available(int fd) {
  char buffer[16 * 1024];
  while (true) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    return std::string(buffer, static_cast<std::size_t>(got));
  }
}

int own_process_id() { return ::getpid(); }

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string own_executable() { return read_link("/proc/self/exe").value_or(std::string()); }

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  return variables;
}

}  // namespace devtask
