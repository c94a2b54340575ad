// Steps of `run` with their placeholders filled in.
#pragma once

#include <string>
#include <vector>

#include "base/template.h"
#include "config/project.h"
#include "plan/environment.h"
#include "plan/plan.h"

namespace devtask {

// A placeholder in a shell step becomes a positional parameter of the shell, quoted as its place asks for, so
// that no value is ever read as shell text. In an argv step a lone list placeholder becomes several
// arguments. `extra` goes to the end of the last step if no step names it.
// `steps`: those of the task's `run` or `check`.
std::vector<PlannedStep> plan_steps(const Task& task, const std::vector<Step>& steps, const Values& values);

// The last step, if it ends in a comment or here-document that would swallow what is appended to it; else
// nullptr.
const Step* swallows_extra(const Task& task, const Values& values);
// A step with a placeholder in a here-document whose end is quoted, where the shell fills in nothing; else
// nullptr.
const Step* hides_placeholder(const Task& task);

}  // namespace devtask
