// `extends` and `uses`: a task takes what it does not say itself from another task of the file, or from a
// preset, which is the text of a task like any other. Unaware of: what the keys mean.
#pragma once

#include <vector>

#include "config/draft.h"
#include "config/table_reader.h"

namespace devtask {

// `tasks`: the tables of one file. Complains about what is not there, and about circles.
void inherit(const FileReader& file, TomlTable& tasks);

// Tasks that extend one another are a family, with the name of the first of them. Units of any of them are
// inputs of none.
void join_families(std::vector<TaskDraft>& tasks);

}  // namespace devtask
