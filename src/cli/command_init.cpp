#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "os/file.h"

namespace devtask {
namespace {

constexpr std::string_view kStartingFile =
    R"toml(# Tasks of this project. `devtask` lists them, `devtask NAME` brings one up to date, `devtask why NAME` explains.
# Every key: `devtask help reference`; a schema for editors: `devtask help schema > devtask.schema.json`.

[project]
name = "{name}"
# path = [".venv/bin", "node_modules/.bin"]   # before PATH, for every task
# secrets = ["*_TOKEN"]                       # variables whose values are masked in output

# A task runs when its command, its inputs, its environment, its programs or a dependency really changed: content
# counts, not timestamps. Without `inputs` it runs every time.
[tasks.hello]
description = "Write a greeting (an example: change or remove it)"
run = "echo hello > build/hello.txt"
inputs = []
outputs = ["build/hello.txt"]

# [tasks.venv]
# description = "Create the virtual environment"
# run = ["python3 -m venv .venv", ".venv/bin/pip install -r requirements.txt"]
# inputs = ["requirements.txt"]
# outputs = [".venv/"]
# cache = "local"                # stays in this checkout: too large, and full of absolute paths
# witness = ".venv/pyvenv.cfg"   # looked at instead of all the files

# [tasks.test]
# description = "Run the tests"
# deps = ["venv"]
# inputs = ["src/**/*.py", "tests/**"]
# args = [{ name = "paths", many = true, default = ["tests"], help = "files or folders" }]
# run = [["pytest", "{{paths}}"]]
)toml";

}  // namespace

Result<ExitCode> command_init(const Invocation& invocation) {
  if (!invocation.words.empty())
    return failure(error("`init` takes no arguments").advise("devtask -C DIR init"));
  const std::string folder = start_folder(invocation.options);
  const std::string path = join_path(folder, "tasks.toml");
  if (stat_file(path).kind != FileKind::kAbsent) {
    return failure(error("`{}` is there already", path).advise("nothing was changed"));
  }
  std::string name;
  for (const char c : file_name(folder))
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.' ? c : '-';
  if (name.empty() || name.front() == '-' || name.front() == '.') name = "project";
  std::string text(kStartingFile);
  text.replace(text.find("{name}"), sizeof "{name}" - 1, name);
  if (auto written = write_file(path, text); !written) return tl::unexpected(written.error());
  print(fmt::format("wrote {}\nnext: devtask hello\n", path));
  return ExitCode::kDone;
}

}  // namespace devtask
