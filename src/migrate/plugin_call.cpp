#include "migrate/plugin_call.h"

#include <nlohmann/json.hpp>

namespace devtask {
namespace {

using Json = nlohmann::json;

// Absent and null are the same: nothing.
template <class T>
T value(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? T() : found->get<T>();
}

const Json& list(const Json& object, const char* key) {
  static const Json kNone = Json::array();
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? kNone : *found;
}

using Texts = std::vector<std::string>;

}  // namespace

std::string to_json(const PluginRequest& request, const std::string& result) {
  const Json json = {{"do", request.action},         {"result", result},
                     {"dialect", request.dialect},   {"url", request.url},
                     {"name", request.name},         {"now", request.now},
                     {"keep", request.keep},         {"base_report", request.base_report},
                     {"keep_all", request.keep_all}, {"around", request.around},
                     {"dry_run", request.dry_run},   {"from", request.from},
                     {"versions", request.versions}, {"since", request.since},
                     {"known", request.known},       {"file_name", request.file_name},
                     {"before", request.before},     {"after", request.after}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

Result<PluginAnswer> answer_from_json(std::string_view text) try {
  const Json json = Json::parse(text);
  if (!json.is_object()) return failure("the plug-in's answer is no object");
  PluginAnswer answer;
  answer.state = value<std::string>(json, "state");
  answer.message = value<std::string>(json, "message");
  answer.traceback = value<std::string>(json, "traceback");
  answer.path = value<std::string>(json, "path");
  answer.text = value<std::string>(json, "text");
  answer.revision = value<std::string>(json, "revision");
  answer.compared = value<bool>(json, "compared");
  answer.operations = value<Texts>(json, "operations");
  answer.left_out = value<Texts>(json, "left_out");
  answer.needed = value<Texts>(json, "needed");
  answer.kept_on_request = value<Texts>(json, "kept_on_request");
  answer.gone = value<Texts>(json, "gone");
  answer.coincides = value<Texts>(json, "coincides");
  answer.mended = value<Texts>(json, "mended");
  answer.problems = value<Texts>(json, "problems");
  answer.url = value<std::string>(json, "url");
  answer.backend = value<std::string>(json, "backend");
  answer.file = value<std::string>(json, "file");
  answer.current = value<Texts>(json, "current");
  answer.heads = value<Texts>(json, "heads");
  const auto changed = json.find("models_changed");
  answer.models_changed = changed != json.end() && changed->is_object() && !changed->empty();
  if (const auto trip = json.find("round_trip"); trip != json.end() && trip->is_object()) {
    answer.round_trip.emplace();
    for (const Json& each : list(*trip, "problems")) {
      answer.round_trip->push_back({value<std::string>(each, "revision"), value<std::string>(each, "step"),
                                    value<std::string>(each, "message"), value<std::string>(each, "path"),
                                    value<std::size_t>(each, "line")});
    }
    answer.tried = value<Texts>(*trip, "revisions");
  }
  for (const Json& each : list(json, "findings")) {
    answer.findings.push_back({value<std::string>(each, "rule"), value<std::string>(each, "file"),
                               value<std::string>(each, "message"), value<std::size_t>(each, "line"),
                               value<std::string>(each, "severity") == "warning"});
  }
  for (const Json& each : list(json, "revisions")) {
    answer.revisions.push_back({value<std::string>(each, "file"), value<std::string>(each, "revision"),
                                value<Texts>(each, "parents")});
  }
  return answer;
} catch (const Json::exception& problem) {
  return failure(error("the plug-in's answer cannot be read").note(problem.what()));
}

}  // namespace devtask
