// Runs programs: process groups, output by pipe, time limits, TERM then KILL until nothing is left.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/account.h"
#include "os/file.h"
#include "os/stop.h"

namespace devtask {

struct ProcessRequest {
  std::string program;            // path of the file to execute
  std::vector<std::string> argv;  // argv[0] included
  std::vector<std::string> env;   // NAME=value
  std::string folder;             // working directory, absolute
  // With a terminal: the child shares our terminal and process group, and nothing is captured.
  bool interactive = false;
  std::string input = {};   // a file to read standard input from, absolute; "": there is none
  std::string errors = {};  // a file that gets standard error, absolute; "": it is mixed with the output
  std::optional<std::chrono::milliseconds> timeout;
  std::chrono::milliseconds grace{3000};  // between TERM and KILL
  int inherited_fd = -1;                  // one more descriptor that the child keeps (a lock), or -1
  std::optional<Account> account = {};    // whose rights it has, also for its files here; none: ours
  // Asked to end by QUIT instead of TERM, and what it gets when we are gone is that instead of KILL: a server
  // that has processes and shared memory to clean up after.
  bool ends_by_quit = false;
  // Called with what the child wrote, standard output and standard error mixed in order. Called on this
  // thread.
  std::function<void(std::string_view)> output;
  // Called once with the process group that was started.
  std::function<void(int group)> started;
};

struct ProcessOutcome {
  int exit_status = 0;  // 128 + n if signal n ended it
  bool timed_out = false;
  bool stopped = false;  // ended because of the stop request
  std::chrono::milliseconds duration{0};
};

// Blocks until the process and its whole group are gone; the process is killed when the calling thread ends.
// Fails only if the program could not be started. An interactive program keeps Ctrl-C for itself; if it ends
// by it, that is a stop request.
Result<ProcessOutcome> run_process(const ProcessRequest& request, StopRequest& stop);

// A child that runs beside us (Ninja): its output is captured, it has a group of its own and dies with us.
class BackgroundProcess {
 public:
  static Result<BackgroundProcess> start(const ProcessRequest& request);
  BackgroundProcess(BackgroundProcess&& other) noexcept;
  BackgroundProcess& operator=(BackgroundProcess&&) = delete;
  ~BackgroundProcess();  // kills it if it still runs

  int output_fd() const { return output_.get(); }  // becomes readable, then at end of file when it is done
  int wait();                                      // its exit status, 128 + n for a signal
  void kill();

 private:
  BackgroundProcess() = default;
  int pid_ = -1;
  Fd output_;
};

// Orphans among our descendants become our children, so that kill_descendants() finds them.
void adopt_orphans();
// Sends KILL to every process below this one until there is none left.
void kill_descendants();
// KILL to every process of this user whose environment began with all of `marks` ("NAME=value"), and until
// none is left; with kill_marked_orphans only those that have become our children by leaving their group and
// session. No marks: nothing is done. `still` is asked between finding and killing; false ends it.
void kill_marked(const std::vector<std::string>& marks, const std::function<bool()>& still);
// KILL to every other process that has the file open and runs another program than this one.
void kill_holders(const std::string& path, const std::function<bool()>& still);
void kill_marked_orphans(const std::vector<std::string>& marks);
// Ends a process group that somebody else left behind: TERM, then KILL. Returns when it is empty.
void end_process_group(int group, std::chrono::milliseconds grace);

// This process becomes the program; returns only if that failed.
Diagnostic become_program(const std::string& program, const std::vector<std::string>& argv,
                          const std::string& folder);

// One that has ended and only waits for its parent to notice counts as gone.
bool process_alive(int pid);
std::uint64_t process_start(int pid);  // in clock ticks since boot; 0 if there is no such process
// Waits until the descriptor is readable; false when the time is over.
bool wait_readable(int fd, std::chrono::milliseconds at_most);
void wait_any_readable(const std::vector<int>& fds);  // until one of them is
std::optional<std::string> read_available(int fd);    // one read; nullopt at the end of file
int own_process_id();
std::int64_t now_ns();         // wall clock, nanoseconds since the epoch
std::string own_executable();  // absolute path of this program
std::vector<std::string> own_environment();

}  // namespace devtask
