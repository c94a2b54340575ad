// A temporary project with stores of its own, to plan and evaluate in.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "config/load.h"
#include "fakes/memory_store.h"
#include "fakes/temporary_folder.h"
#include "os/file.h"
#include "plan/evaluate.h"
#include "plan/plan.h"
#include "store/digest_memo.h"
#include "store/journal.h"

namespace devtask {

class TestProject {
 public:
  explicit TestProject(std::string_view tasks_toml, Variables caller = {{"PATH", "/usr/bin:/bin"}})
      : environment(std::move(caller)) {
    configure(tasks_toml);
  }

  // Plans made before are of no use afterwards; the stores stay.
  void configure(std::string_view tasks_toml) {
    write("tasks.toml", tasks_toml);
    LoadedProject loaded = load_project(root());
    for (const Diagnostic& each : loaded.diagnostics) ADD_FAILURE() << render(each, false);
    project = std::move(loaded.project);
  }

  const std::string& root() const { return folder.path(); }
  std::string operator/(const std::string& path) const { return folder / path; }
  void write(const std::string& path, std::string_view bytes) const {
    const std::filesystem::path file = folder / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }
  std::string read(const std::string& path) const { return read_file(folder / path).value_or("(not there)"); }
  bool has(const std::string& path) const { return stat_file(folder / path).kind != FileKind::kAbsent; }

  Result<Plan> try_plan(const std::vector<std::string>& words, const std::vector<std::string>& extra = {},
                        bool force = false, bool only = false) const {
    auto request = read_request(project, words, extra);
    if (!request) return tl::unexpected(request.error());
    request->force = force;
    request->only = only;
    return make_plan(project, *request);
  }
  Plan plan(const std::vector<std::string>& words, const std::vector<std::string>& extra = {},
            bool force = false, bool only = false) const {
    auto planned = try_plan(words, extra, force, only);
    if (!planned) ADD_FAILURE() << render(planned.error(), false);
    return planned ? std::move(*planned) : Plan();
  }
  std::string complaint(const std::vector<std::string>& words,
                        const std::vector<std::string>& extra = {}) const {
    const auto planned = try_plan(words, extra);
    return planned ? "no complaint" : render(planned.error(), false);
  }

  EvaluatorSources sources() { return {memo, journal, environment, &store, &store, folder / "home"}; }
  Evaluation evaluate(const Plan& what) {
    return Evaluator(sources()).evaluate(what, {EvaluationOptions::Keep::kAll, nullptr});
  }

  TemporaryFolder folder;
  Project project;
  Environment environment;
  DigestMemo memo{folder / ".devtask/memo"};
  Journal journal{folder / ".devtask", false};
  MemoryStore store;
};

}  // namespace devtask
