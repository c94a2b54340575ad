#include "os/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace devtask {
namespace {

// What posix_spawn does, and one thing it cannot: ask for a signal when the parent ends. The child shares our
// memory until it executes the program (CLONE_VM) while the calling thread waits (CLONE_VFORK), so that
// nothing is copied; a helper program in between that asks the kernel would cost 0.5 ms for each task.
#if defined(__SANITIZE_THREAD__)
constexpr int kSharing =
    0;  // it takes what the child does for our own; a program that cannot be started ends with 127
#else
constexpr int kSharing = CLONE_VM | CLONE_VFORK;
#endif
constexpr std::size_t kChildStack = 64 * 1024;
constexpr int kLastClassicSignal = 31;

// All the child needs, made ready before: it must not allocate.
struct Child {
  const char* program;
  char** argv;
  char** env;
  const char* folder;
  int output, inherited_fd;
  bool own_group;
  pid_t parent;
  const char *input, *errors;  // errors: null, with the output
  const Account* account;
  int end_signal;
  int failure = 0;  // errno of what failed
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// By system calls: glibc's functions would change the threads of the process whose memory this is.
bool take_rights_of(const Account& account) {
  return ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
         ::syscall(SYS_setresgid, account.group, account.group, account.group) == 0 &&
         ::syscall(SYS_setresuid, account.user, account.user, account.user) == 0;
}

bool set_up(const Child& child) {
  // The kernel forgets the request below when rights change.
  if (child.account != nullptr && !take_rights_of(*child.account)) return false;
  ::prctl(PR_SET_PDEATHSIG, child.end_signal);
  if (::getppid() != child.parent) return errno = ESRCH, false;  // it ended before the request was in force
  if (child.own_group && ::setpgid(0, 0) != 0) return false;
  if (child.output >= 0) {
    const int input = ::open(child.input, O_RDONLY);
    if (input < 0 || ::dup2(input, 0) < 0 || ::dup2(child.output, 1) < 0 || ::dup2(child.output, 2) < 0)
      return false;
    if (input != 0) ::close(input);
    if (child.errors != nullptr) {
      const int errors = ::open(child.errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
      if (errors < 0 || ::dup2(errors, 2) < 0) return false;
      if (errors != 2) ::close(errors);
    }
  }
  if (child.inherited_fd >= 0 && ::fcntl(child.inherited_fd, F_SETFD, 0) != 0) return false;
  if (::chdir(child.folder) != 0) return false;
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal <= kLastClassicSignal; ++signal) ::sigaction(signal, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

int child_main(void* data) {
  Child& child = *static_cast<Child*>(data);
  if (set_up(child)) ::execve(child.program, child.argv, child.env);
  child.failure = errno;
  ::_exit(127);
}

}  // namespace

Result<SpawnedProcess> spawn_process(const SpawnRequest& request) {
  std::vector<char*> argv = pointers(request.argv), env = pointers(request.env);
  Child child{request.program.c_str(),
              argv.data(),
              env.data(),
              request.folder.c_str(),
              request.output,
              request.inherited_fd,
              request.own_group,
              ::getpid(),
              request.input.empty() ? "/dev/null" : request.input.c_str(),
              request.errors.empty() ? nullptr : request.errors.c_str(),
              request.account,
              request.end_signal};
  const auto stack = std::make_unique_for_overwrite<char[]>(kChildStack);
  // No signal may run a handler of ours in the child.
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  // Other rights make the memory that the child shares one that nobody may look into.
  const int dumpable = ::prctl(PR_GET_DUMPABLE);
  int pidfd = -1;
  const pid_t pid =
      ::clone(child_main, stack.get() + kChildStack, kSharing | CLONE_PIDFD | SIGCHLD, &child, &pidfd);
  const int not_cloned = pid < 0 ? errno : 0;
  if (child.account != nullptr) ::prctl(PR_SET_DUMPABLE, dumpable);
  SpawnedProcess spawned{pid, Fd(pidfd)};
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const int reason = not_cloned != 0 ? not_cloned : child.failure;
  if (reason == 0) return spawned;
  if (pid > 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (reason == E2BIG) {
    return failure(error("the command line or the environment of `{}` is too long", request.program));
  }
  return failure("cannot start `{}` in `{}`: {}", request.program, request.folder, std::strerror(reason));
}

}  // namespace devtask
