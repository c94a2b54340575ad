#include "console/console.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "console/file_lines.h"
#include "console/output_lines.h"
#include "console/report_lines.h"
#include "console/screen.h"
#include "console/status_area.h"
#include "console/test_lines.h"
#include "console/workflow_command.h"

namespace devtask {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kRedrawInterval{100};
// Text is printed in batches: a task that writes a line at a time must not make the area be drawn for each.
constexpr milliseconds kFlushInterval{33};
constexpr std::size_t kMaxPending = std::size_t{64} << 10;
// A run that is over sooner never shows the area.
constexpr milliseconds kQuietStart{100};

// Output that is held to be printed as one group is printed as several from here on.
constexpr std::size_t kMaxGrouped = std::size_t{1} << 20;

using Replay = decltype(TaskFinished::replay);

bool is_failure(Outcome outcome) { return outcome == Outcome::kFailed || outcome == Outcome::kTimedOut; }

LineStyle line_style(bool clean, bool color) {
  if (clean) return color ? LineStyle::kClean : LineStyle::kCleanNoColor;
  return color ? LineStyle::kRaw : LineStyle::kNoColor;
}

// A log that is printed for the second time must not make its annotations a second time. The runner finds
// commands behind blanks, too.
std::string defuse_workflow_command(std::string_view line) {
  const std::size_t start = line.find_first_not_of(" \t");
  const bool command = start != std::string_view::npos && line.substr(start).starts_with("::");
  return (command ? "│ " : "") + std::string(line);
}

}  // namespace

class Console::Impl {
 public:
  explicit Impl(ConsoleOptions options);
  ~Impl();
  void on(const Event& event);
  void redraw();

 private:
  struct Task {
    OutputLines lines;
    Clock::time_point started;
    bool running = false;
    bool interactive = false;
    std::string grouped;    // output so far, to be printed at the end
    std::string last_line;  // of output that is not printed as it comes
  };

  void handle(const RunStarted& event);
  void handle(const TaskStarted& event);
  void handle(const TaskOutput& event);
  void handle(const TaskFinished& event);
  void handle(const TestsReported& event);
  void handle(const FilesReported& event);
  void handle(const Notice& event);
  void handle(const RunFinished& event);

  Task& task(const std::string& label);
  void begin_run();
  void count(const TaskFinished& event);
  void print_output_line(const std::string& label, std::string_view line);
  void print_whole_output(const std::string& label, const Replay& log);
  void print_grouped(const std::string& label, std::string_view text);
  void print_rest_of_output(const std::string& label, Task& task);
  void print_failure(const TaskFinished& event);
  void print_tests();
  void print_files();
  void annotate(const Diagnostic& diagnostic);

  bool prefixed() const { return options_.prefix && !options_.github_actions && !single_; }
  bool shows_new_output() const {
    return options_.output_logs == OutputLogs::kFull || options_.output_logs == OutputLogs::kNewOnly;
  }
  bool streams() const { return shows_new_output() && !options_.grouped; }
  LineStyle output_style() const { return line_style(live_ || prefixed(), options_.output_color); }

  void flush_if_due();
  void draw();
  void take_area_away() { screen_.flush({}); }
  bool area_wanted(Clock::time_point now) const;
  RunStatus status(Clock::time_point now) const;
  std::string tail(const Task& task) const;
  Clock::time_point next_draw() const;
  void wake_thread();
  void start_thread();
  void run_thread(const std::stop_token& stop);

  const ConsoleOptions options_;
  const bool live_;
  const LineLook look_;

  std::mutex mutex_;  // everything below, and the writers
  std::condition_variable_any wake_;
  bool woken_ = false;
  Screen screen_;
  std::map<std::string, Task> tasks_;
  std::vector<std::string> order_;  // running tasks as they started
  std::vector<TaskFinished> failures_;
  std::vector<TestsReported> tests_;
  std::vector<FilesReported> files_;
  bool run_active_ = false;
  bool single_ = false;  // only one task's output will be shown
  Clock::time_point run_started_;
  Clock::time_point last_draw_;
  int interactive_ = 0;
  std::size_t total_ = 0;
  std::size_t known_up_to_date_ = 0;
  std::size_t up_to_date_ = 0;
  std::size_t finished_ = 0;  // without those that were up to date
  std::size_t restored_ = 0;
  std::size_t failed_ = 0;

  std::jthread thread_;  // last: it uses all of the above
};

Console::Impl::Impl(ConsoleOptions options)
    : options_([&] {
        options.grouped = options.grouped || options.github_actions;
        if (!options.now) options.now = [] { return Clock::now(); };
        if (!options.current_size) options.current_size = [size = options.size] { return size; };
        return std::move(options);
      }()),
      live_(options_.live && options_.verbosity >= 0),
      look_{options_.color, live_ && options_.color},
      screen_(options_.out, options_.err) {}

Console::Impl::~Impl() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  for (auto& [label, task] : tasks_) print_rest_of_output(label, task);
  take_area_away();
}

void Console::Impl::on(const Event& event) {
  const std::scoped_lock lock(mutex_);
  const bool was_pending = screen_.pending_bytes() > 0;
  std::visit([this](const auto& specific) { handle(specific); }, event);
  flush_if_due();
  // The thread sleeps until the next redraw; held text is due earlier.
  if (!was_pending && screen_.pending_bytes() > 0) wake_thread();
}

void Console::Impl::redraw() {
  const std::scoped_lock lock(mutex_);
  if (live_ && interactive_ == 0) draw();
}

// ---- events

void Console::Impl::handle(const RunStarted& event) {
  begin_run();
  total_ = event.to_restore + event.to_run;
  known_up_to_date_ = event.up_to_date;
  single_ =
      (options_.output_logs == OutputLogs::kFull ? event.tasks : event.to_run) <= 1 && event.processes <= 1;
  if (total_ > 0) start_thread();
}

void Console::Impl::handle(const TaskStarted& event) {
  begin_run();
  Task& started = task(event.task);
  started.started = options_.now();
  started.running = true;
  started.interactive = event.interactive;
  order_.push_back(event.task);
  if (options_.verbosity >= 0) screen_.print(Stream::kErr, started_line(event, look_));
  if (options_.verbosity >= 1) screen_.print(Stream::kErr, command_lines(event, look_));
  if (event.interactive) {
    if (interactive_ == 0) take_area_away();
    ++interactive_;
  }
  start_thread();
}

void Console::Impl::handle(const TaskOutput& event) {
  Task& writing = task(event.task);
  if (shows_new_output() && options_.grouped) {
    writing.grouped += event.bytes;
    if (writing.grouped.size() > kMaxGrouped) {
      std::string lines = std::exchange(writing.grouped, {});
      if (const std::size_t end = lines.rfind('\n'); end != std::string::npos) {
        writing.grouped = lines.substr(end + 1);
        lines.resize(end + 1);
      }
      print_grouped(event.task, lines);
    }
  }
  if (!streams() && !live_) return;
  writing.lines.feed(event.bytes, [&](std::string_view line) {
    if (streams()) {
      print_output_line(event.task, line);
    } else {
      writing.last_line = line;
    }
  });
}

void Console::Impl::handle(const TaskFinished& event) {
  const auto found = tasks_.find(event.task);
  if (found != tasks_.end()) {
    if (found->second.interactive && --interactive_ == 0) wake_thread();
    print_rest_of_output(event.task, found->second);
    tasks_.erase(found);
    std::erase(order_, event.task);
  }
  count(event);

  const bool failure = is_failure(event.outcome);
  const bool replay = options_.output_logs == OutputLogs::kFull && event.replay &&
                      (event.outcome == Outcome::kRestored || event.outcome == Outcome::kUpToDate);
  const int needed = failure ? -1 : event.outcome == Outcome::kUpToDate && !replay ? 2 : 0;
  if (options_.verbosity >= needed) screen_.print(Stream::kErr, finished_line(event, look_));
  if (replay) print_whole_output(event.task, event.replay);
  if (!failure) return;
  if (options_.github_actions) {
    const std::string rerun = event.rerun.empty() ? "" : "\nrerun: " + event.rerun;
    screen_.print(Stream::kOut,
                  workflow_command("error", {{"title", event.task}}, outcome_text(event) + rerun));
  }
  // Else there is nothing to repeat: of tests what failed is told by itself.
  if (!event.log.empty() || !event.rerun.empty()) failures_.push_back(event);
}

void Console::Impl::handle(const TestsReported& event) { tests_.push_back(event); }

void Console::Impl::handle(const FilesReported& event) { files_.push_back(event); }

void Console::Impl::handle(const Notice& event) {
  if (options_.verbosity < 0 && event.diagnostic.severity != Severity::kError) return;
  screen_.print(Stream::kErr, render(event.diagnostic, options_.color));
  if (options_.github_actions) annotate(event.diagnostic);
}

void Console::Impl::handle(const RunFinished& event) {
  run_active_ = false;
  interactive_ = 0;
  for (auto& [label, task] : tasks_) print_rest_of_output(label, task);
  tasks_.clear();
  order_.clear();
  for (const TaskFinished& failure : failures_) print_failure(failure);
  failures_.clear();
  if (options_.verbosity >= 0) screen_.print(Stream::kErr, summary_line(event, look_));
  print_tests();
  print_files();
}

Console::Impl::Task& Console::Impl::task(const std::string& label) {
  const auto found = tasks_.find(label);
  if (found != tasks_.end()) return found->second;
  Task fresh{OutputLines(output_style()), options_.now(), false, false, {}, {}};
  return tasks_.emplace(label, std::move(fresh)).first->second;
}

void Console::Impl::begin_run() {
  if (run_active_) return;
  run_active_ = true;
  run_started_ = last_draw_ = options_.now();
  total_ = known_up_to_date_ = up_to_date_ = finished_ = restored_ = failed_ = 0;
}

void Console::Impl::count(const TaskFinished& event) {
  // Those that RunStarted called up to date are not in the total; a task that was to run may turn out to be.
  if (event.outcome == Outcome::kUpToDate) {
    ++up_to_date_;
  } else {
    ++finished_;
  }
  if (event.outcome == Outcome::kRestored) ++restored_;
  if (is_failure(event.outcome)) ++failed_;
}

// ---- output of tasks

void Console::Impl::print_output_line(const std::string& label, std::string_view line) {
  if (prefixed()) screen_.print(Stream::kOut, output_prefix(label, options_.output_color));
  screen_.print(Stream::kOut, line);
}

void Console::Impl::print_whole_output(const std::string& label, const Replay& log) {
  if (options_.github_actions) screen_.print(Stream::kOut, workflow_command("group", {}, label));
  OutputLines lines(output_style());
  const auto print = [&](std::string_view line) { print_output_line(label, line); };
  log([&](std::string_view piece) {
    lines.feed(piece, print);
    flush_if_due();
  });
  lines.finish(print);
  if (options_.github_actions) screen_.print(Stream::kOut, workflow_command("endgroup", {}, ""));
}

void Console::Impl::print_grouped(const std::string& label, std::string_view text) {
  if (!text.empty()) print_whole_output(label, [&](const auto& piece) { piece(text); });
}

void Console::Impl::print_rest_of_output(const std::string& label, Task& task) {
  if (options_.grouped) {
    print_grouped(label, std::exchange(task.grouped, {}));
  } else if (streams()) {
    task.lines.finish([&](std::string_view line) { print_output_line(label, line); });
  }
}

void Console::Impl::print_failure(const TaskFinished& event) {
  screen_.print(Stream::kErr, failure_header(event, options_.color));
  if (options_.output_logs != OutputLogs::kNone) {
    if (event.log_left_out > 0) screen_.print(Stream::kErr, left_out_line(event, options_.color));
    OutputLines lines(line_style(live_, options_.color));
    const auto print = [&](std::string_view line) {
      screen_.print(Stream::kErr,
                    options_.github_actions ? defuse_workflow_command(line) : std::string(line));
    };
    lines.feed(event.log, print);
    lines.finish(print);
  }
  if (!event.rerun.empty()) screen_.print(Stream::kErr, rerun_line(event, options_.color));
}

void Console::Impl::print_tests() {
  for (const TestsReported& tests : tests_) {
    if (options_.github_actions) screen_.print(Stream::kOut, test_annotations(tests));
    const std::string_view label = tests_.size() > 1 ? std::string_view(tests.task) : std::string_view();
    // Else the runner has shown it, or nothing is to be shown.
    const bool details = options_.verbosity >= 1 || options_.output_logs == OutputLogs::kErrorsOnly;
    screen_.print(Stream::kErr, test_lines(tests, details, look_));
    screen_.print(Stream::kErr, tests_line(tests, label, look_));
  }
  tests_.clear();
}

void Console::Impl::print_files() {
  for (const FilesReported& files : files_) {
    if (options_.github_actions) screen_.print(Stream::kOut, file_annotations(files));
    screen_.print(Stream::kOut,
                  would_change_lines(files, options_.output_color, live_ ? output_style() : LineStyle::kRaw));
    screen_.print(Stream::kErr, failed_file_lines(files, options_.color));
    if (options_.verbosity >= 0 && files.checked) screen_.print(Stream::kErr, files_line(files, look_));
  }
  files_.clear();
}

void Console::Impl::annotate(const Diagnostic& diagnostic) {
  if (!diagnostic.span || !diagnostic.span->file) return;
  const Span& span = *diagnostic.span;
  const std::string_view command = diagnostic.severity == Severity::kError     ? "error"
                                   : diagnostic.severity == Severity::kWarning ? "warning"
                                                                               : "notice";
  screen_.print(Stream::kOut, workflow_command(command,
                                               {{"file", span.file->path},
                                                {"line", std::to_string(span.line)},
                                                {"col", std::to_string(span.column)}},
                                               diagnostic.message));
}

// ---- the live area

void Console::Impl::flush_if_due() {
  if (!live_ || !run_active_) return take_area_away();
  if (interactive_ > 0 || screen_.pending_bytes() == 0) return;
  if (screen_.pending_bytes() > kMaxPending || options_.now() >= next_draw()) draw();
}

void Console::Impl::draw() {
  const Clock::time_point now = options_.now();
  last_draw_ = now;
  if (!area_wanted(now)) return take_area_away();
  screen_.flush(status_rows(status(now), options_.current_size(), options_.color));
}

bool Console::Impl::area_wanted(Clock::time_point now) const {
  return run_active_ && interactive_ == 0 && now - run_started_ >= kQuietStart;
}

RunStatus Console::Impl::status(Clock::time_point now) const {
  const auto since = [&](Clock::time_point then) {
    return std::chrono::duration_cast<milliseconds>(now - then);
  };
  RunStatus status;
  for (const std::string& label : order_) {
    const Task& task = tasks_.at(label);
    status.running.push_back({plain_line(label), since(task.started), tail(task)});
  }
  status.finished = finished_ + (up_to_date_ > known_up_to_date_ ? up_to_date_ - known_up_to_date_ : 0);
  status.total = total_;
  status.restored = restored_;
  status.failed = failed_;
  status.elapsed = since(run_started_);
  return status;
}

std::string Console::Impl::tail(const Task& task) const {
  if (options_.output_logs == OutputLogs::kNone) return "";
  std::string held = task.lines.held();
  return held.empty() && !streams() ? plain_line(task.last_line) : held;
}

Clock::time_point Console::Impl::next_draw() const {
  return last_draw_ + (screen_.pending_bytes() > 0 ? kFlushInterval : kRedrawInterval);
}

void Console::Impl::wake_thread() {
  woken_ = true;
  wake_.notify_one();
}

void Console::Impl::start_thread() {
  if (!live_ || !options_.redraw_thread) return;
  if (thread_.joinable()) return wake_thread();
  thread_ = std::jthread([this](const std::stop_token& stop) { run_thread(stop); });
}

void Console::Impl::run_thread(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    woken_ = false;
    if (!run_active_ || interactive_ > 0) {
      // Nothing may or need be drawn; the start or end of a task changes that.
      wake_.wait(lock, stop, [this] { return woken_; });
    } else if (!wake_.wait_until(lock, stop, next_draw(), [this] { return woken_; }) &&
               !stop.stop_requested() && run_active_ && interactive_ == 0) {
      draw();
    }
  }
}

Console::Console(ConsoleOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Console::~Console() = default;
void Console::on(const Event& event) { impl_->on(event); }
void Console::redraw() { impl_->redraw(); }

}  // namespace devtask
