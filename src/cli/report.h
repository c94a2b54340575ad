// Printing, the only place below main that does it.
#pragma once

#include <string_view>

#include "base/diagnostic.h"
#include "cli/options.h"

namespace devtask {

void print(std::string_view text);                        // standard output
void say(std::string_view text, const Options& options);  // a line of ours on standard error; not with -q
void report(const Diagnostic& diagnostic, const Options& options);  // standard error
ConsoleOptions console_options(const Options& options);

}  // namespace devtask
