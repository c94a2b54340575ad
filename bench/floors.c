/* The floors of the comparison: what the machine needs at least.
 *   floors statx FOLDER TASKS FILES      stat of all input files, two threads
 *   floors hash FOLDER TASKS FILES       read and SHA-256 of all input files, two threads
 *   floors copy FOLDER TASKS TO          copy of all outputs into the folder TO, one thread
 *   floors list FILE                     stat of the files that FILE names, a line each, two threads
 *   floors spawn FOLDER TASKS JOBS       the commands of all tasks, so many at once, and nothing else */
#define _GNU_SOURCE
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kThreads = 2, kBuffer = 65536 };

static const char* folder;
static int tasks;
static int files;
static int hashing;

static void* walk(void* first) {
  char path[4096];
  static __thread char buffer[kBuffer];
  EVP_MD_CTX* md = hashing ? EVP_MD_CTX_new() : NULL;
  EVP_MD* sha = hashing ? EVP_MD_fetch(NULL, "SHA256", NULL) : NULL;
  for (int task = (int)(size_t)first; task < tasks; task += kThreads) {
    for (int file = 0; file < files; ++file) {
      snprintf(path, sizeof path, "%s/t%d/src/f%d.txt", folder, task, file);
      if (!hashing) {
        struct statx stat;
        if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat) != 0) exit(1);
        continue;
      }
      int fd = open(path, O_RDONLY | O_NOATIME);
      if (fd < 0) exit(1);
      EVP_DigestInit_ex2(md, sha, NULL);
      ssize_t got;
      while ((got = read(fd, buffer, sizeof buffer)) > 0) EVP_DigestUpdate(md, buffer, (size_t)got);
      unsigned char digest[32];
      EVP_DigestFinal_ex(md, digest, NULL);
      close(fd);
    }
  }
  return NULL;
}

static char* listed;
static size_t listed_size;

static void* walk_list(void* first) {
  size_t line = 0;
  for (char* path = listed; path < listed + listed_size; path += strlen(path) + 1, ++line) {
    struct statx stat;
    if (line % kThreads == (size_t)first &&
        statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat) != 0)
      exit(1);
  }
  return NULL;
}

static void read_list(const char* path) {
  const int fd = open(path, O_RDONLY);
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) != 0) exit(1);
  listed_size = (size_t)stat.st_size;
  listed = malloc(listed_size + 1);
  if (read(fd, listed, listed_size) != (ssize_t)listed_size) exit(1);
  for (size_t i = 0; i < listed_size; ++i) {
    if (listed[i] == '\n') listed[i] = 0;
  }
  listed[listed_size] = 0;
}

static void in_threads(void* (*function)(void*)) {
  pthread_t threads[kThreads];
  for (size_t i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, function, (void*)i);
  for (size_t i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
}

static void copy(const char* to) {
  static char buffer[1 << 20];
  char path[4096];
  for (int task = 0; task < tasks; ++task) {
    snprintf(path, sizeof path, "%s/t%d/out.txt", folder, task);
    const int in = open(path, O_RDONLY);
    snprintf(path, sizeof path, "%s/%d.txt", to, task);
    const int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (in < 0 || out < 0) exit(1);
    ssize_t got;
    while ((got = read(in, buffer, sizeof buffer)) > 0) {
      if (write(out, buffer, (size_t)got) != got) exit(1);
    }
    close(in);
    close(out);
  }
}

static void reap(void) {
  int status;
  if (wait(&status) < 0 || status != 0) exit(1);
}

static void spawn_all(int jobs) {
  extern char** environ;
  char command[256];
  char* argv[] = {"sh", "-c", command, NULL};
  if (chdir(folder) != 0) exit(1);
  int running = 0;
  for (int task = 0; task < tasks; ++task) {
    if (running == jobs) {
      reap();
      --running;
    }
    snprintf(command, sizeof command, "cat t%d/src/* > t%d/out.txt", task, task);
    pid_t pid;
    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) != 0) exit(1);
    ++running;
  }
  for (; running > 0; --running) reap();
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "list") == 0) {
    read_list(argv[2]);
    in_threads(walk_list);
    return 0;
  }
  if (argc < 5) return 2;
  folder = argv[2];
  tasks = atoi(argv[3]);
  if (strcmp(argv[1], "copy") == 0) {
    copy(argv[4]);
    return 0;
  }
  if (strcmp(argv[1], "spawn") == 0) {
    spawn_all(atoi(argv[4]));
    return 0;
  }
  files = atoi(argv[4]);
  hashing = strcmp(argv[1], "hash") == 0;
  in_threads(walk);
  return 0;
}
