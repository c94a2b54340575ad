// The lines that devtask itself says about a run: the texts, without colour or with it.
// Unaware of: when they are printed, and where.
#pragma once

#include <string>
#include <string_view>

#include "event/event.h"

namespace devtask {

struct LineLook {
  bool color = false;
  bool marks = false;  // ✓ ✗ ↺ › at the start of a line
};

// SGR codes of a task's name: the same name, the same colour, in every run.
std::string_view label_color(std::string_view label);
// "label │ " before a line of a task's output.
std::string output_prefix(std::string_view label, bool color);

// Each ends in '\n'.
std::string started_line(const TaskStarted& event, LineLook look);
std::string command_lines(const TaskStarted& event, LineLook look);
std::string finished_line(const TaskFinished& event, LineLook look);
std::string failure_header(const TaskFinished& event, bool color);
std::string left_out_line(const TaskFinished& event, bool color);
std::string rerun_line(const TaskFinished& event, bool color);
std::string summary_line(const RunFinished& event, LineLook look);

// "failed with exit status 3 after 1.2 s": finished_line without label and colour.
std::string outcome_text(const TaskFinished& event);

}  // namespace devtask
