// A request to the plug-in and its answer, as JSON. What the fields mean is told at the top of
// plugin/devtask_migrate/request.py. Unaware of: who runs it, in which command.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace devtask {

struct PluginRequest {
  std::string action;  // `do`: see request.py
  std::string dialect;
  std::string url;   // the only database that may be connected to
  std::string name;  // of the revision
  std::string now;
  std::string base_report;  // a file; "" none
  std::vector<std::string> keep;
  bool keep_all = false;
  std::vector<std::string> around;
  bool dry_run = false;
  std::string from;  // a revision
  std::string versions, since;
  std::vector<std::string> known;
  std::string file_name;      // pattern of the names of revision files
  std::string before, after;  // files of results, to be compared
};

struct Finding {
  std::string rule, file, message;
  std::size_t line = 0;  // 0: of the file as a whole
  bool is_warning = false;
};

struct KnownRevision {
  std::string file, revision;
  std::vector<std::string> parents;
};

struct RoundTripProblem {
  std::string revision, step, message, path;
  std::size_t line = 0;
};

struct PluginAnswer {
  std::string state;  // "done", "refused", "failed"
  std::string message, traceback;
  std::string path, text, revision;  // of a new file; path "": nothing to write
  bool compared = false;
  std::vector<std::string> operations, left_out, needed, kept_on_request, gone, coincides, mended;
  bool models_changed = false;
  std::optional<std::vector<RoundTripProblem>> round_trip;
  std::vector<std::string> tried;  // revisions of the round trip
  std::vector<Finding> findings;
  std::vector<KnownRevision> revisions;
  std::vector<std::string> problems;  // of two schemas
  // Of the database that the command would use: without its password; of SQLite its file; its revisions and
  // the newest ones there are.
  std::string url, backend, file;
  std::vector<std::string> current, heads;

  bool done() const { return state == "done"; }
};

// `result`: the file that the answer is to be written to.
std::string to_json(const PluginRequest& request, const std::string& result);
Result<PluginAnswer> answer_from_json(std::string_view text);

}  // namespace devtask
