// `tools` of a task.
// Unaware of: what the pinned ones are (pin_tools.h).
#pragma once

#include "config/bind_values.h"
#include "config/draft.h"
#include "config/table_reader.h"

namespace devtask {

// Fills in the tools and the pins of the draft. `known`: the placeholders of `run`, to which `{{NAME-args}}`
// of each pinned tool is added.
void bind_tools(TableReader& table, TaskDraft& draft, Placeholders& known);

}  // namespace devtask
