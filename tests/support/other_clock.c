/* Preloaded into devtask by tests/support/other_clock.py: a clock that is OTHER_CLOCK_SKEW seconds ahead of the file
 * system's, and a file system whose times are multiples of OTHER_CLOCK_TICK seconds. Creates the file OTHER_CLOCK_USED
 * when devtask asks for a time of a file, so that a test sees that it was heard. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long setting(const char* name) {
  const char* value = getenv(name);
  return value == NULL ? 0 : atoll(value);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int failed = (int)syscall(SYS_clock_gettime, clock, now);
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += setting("OTHER_CLOCK_SKEW");
  }
  return failed;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  if (now != NULL) *now = precise.tv_sec;
  return precise.tv_sec;
}

static void make_coarse(struct statx_timestamp* when, long long tick) {
  when->tv_sec -= (when->tv_sec % tick + tick) % tick;
  when->tv_nsec = 0;
}

int statx(int folder, const char* restrict path, int flags, unsigned mask, struct statx* restrict found) {
  const int failed = (int)syscall(SYS_statx, folder, path, flags, mask, found);
  const long long tick = setting("OTHER_CLOCK_TICK");
  const char* used = getenv("OTHER_CLOCK_USED");
  if (used != NULL) close(open(used, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (failed == 0 && tick > 0) {
    make_coarse(&found->stx_mtime, tick);
    make_coarse(&found->stx_ctime, tick);
  }
  return failed;
}
