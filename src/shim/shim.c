/* The program that Ninja starts for every edge.
 *
 *   devtask-shim ID...                     an edge: asks the devtask of this run (socket $DEVTASK_RUN) to bring the
 *                                          tasks up to date, waits, exits with what it answers. Without DEVTASK_RUN
 *                                          (plain Ninja) it becomes `devtask ninja-exec ID...`.
 *
 * Protocol: the ids, separated by blanks, and a newline; the answer is one byte, the exit status.
 * Linked statically: it is started thousands of times. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { kNoAnswer = 125 };

static int complain(const char* what, const char* name) {
  fprintf(stderr, "devtask-shim: %s `%s`: %s\n", what, name, strerror(errno));
  return kNoAnswer;
}

static int become_devtask(int argc, char** argv) {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof "devtask");
  if (length < 0) return complain("cannot find", "devtask");
  path[length] = '\0';
  char* name = strrchr(path, '/');
  if (name == NULL) return kNoAnswer;
  strcpy(name + 1, "devtask");
  char** words = calloc((size_t)argc + 3, sizeof *words);
  if (words == NULL) return complain("cannot start", path);
  /* Ends politely with the Ninja that started it; the setting outlives execv. */
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  words[0] = path;
  words[1] = "ninja-exec";
  memcpy(words + 2, argv + 1, (size_t)(argc - 1) * sizeof *words);
  execv(path, words);
  return complain("cannot start", path);
}

static int ask(const char* path, int argc, char** argv) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return complain("too long a socket path", path);
  strcpy(address.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
    /* Never its own way: the devtask that planned this run is gone. */
    return complain("cannot reach devtask at", path);
  }
  for (int i = 1; i < argc; ++i) {
    const size_t length = strlen(argv[i]);
    argv[i][length] = i + 1 == argc ? '\n' : ' ';
    for (size_t sent = 0; sent < length + 1;) {
      const ssize_t n = send(fd, argv[i] + sent, length + 1 - sent, MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR) return complain("cannot write to", path);
      if (n > 0) sent += (size_t)n;
    }
  }
  unsigned char status = kNoAnswer;
  ssize_t got;
  do {
    got = recv(fd, &status, 1, 0);
  } while (got < 0 && errno == EINTR);
  if (got != 1) return kNoAnswer;
  return status;
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fputs("devtask-shim: started by Ninja and devtask, not by people\n", stderr);
    return kNoAnswer;
  }
  const char* run = getenv("DEVTASK_RUN");
  return run == NULL ? become_devtask(argc, argv) : ask(run, argc, argv);
}
