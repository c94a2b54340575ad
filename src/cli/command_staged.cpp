#include "cli/commands.h"
namespace devtask {
Result<ExitCode> command_staged(const Invocation&) { return failure("not yet"); }
}
