/* Runs a command and says what it cost, so that the cost of the program that asks is not in the numbers: a
 * process started by Python begins with Python's memory and waits for Python to notice its end. launcher FD
 * COMMAND...     writes "WALL_NS USER_US SYSTEM_US PEAK_KB STATUS\n" to FD; STATUS is that of the shell Built
 * statically, so that what the child has between fork and exec is smaller than anything measured. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int answer = atoi(argv[1]);
  fcntl(answer, F_SETFD, FD_CLOEXEC);
  const long long start = now_ns();
  const pid_t pid = vfork();
  if (pid < 0) return 2;
  if (pid == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (wait4(pid, &status, 0, &usage) != pid) return 2;
  const long long took = now_ns() - start;
  dprintf(answer, "%lld %lld %lld %ld %d\n", took, microseconds(usage.ru_utime), microseconds(usage.ru_stime),
          usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  return 0;
}
