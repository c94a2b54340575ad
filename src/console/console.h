// Events to terminal text: plain (pipes, CI), live (a small status area below scrolling lines).
// Output of tasks goes to `out`, everything devtask says itself to `err`; group markers of GitHub go with the
// output. Unaware of: tasks.toml, plans, processes.
#pragma once

#include <memory>

#include "console/console_options.h"
#include "console/duration.h"
#include "console/terminal_text.h"
#include "event/event.h"

namespace devtask {

// on() may be called from any thread. When live, a thread of its own draws spinner and elapsed times, text
// waits for at most a thirtieth of a second, and while an interactive task owns the terminal until that has
// finished.
class Console final : public EventSink {
 public:
  explicit Console(ConsoleOptions options);
  // Prints what is held and takes the live area away.
  ~Console() override;
  void on(const Event& event) override;

  // Draws the live area once, as the thread does all the time. Nothing to do unless live.
  void redraw();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace devtask
