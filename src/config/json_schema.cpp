// devtask.schema.json from the key table: completion and checks in editors (taplo, Even Better TOML).
#include <nlohmann/json.hpp>
#include <string>

#include "config/keys.h"
#include "config/names.h"

namespace devtask {
namespace {

using Json = nlohmann::ordered_json;

std::string anchored(std::string_view rule) { return "^" + std::string(rule) + "$"; }

Json string_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

// A table whose names people choose.
Json named(std::string_view rule, Json value) {
  return {{"type", "object"},
          {"patternProperties", {{anchored(rule), std::move(value)}}},
          {"additionalProperties", false}};
}

Json table_schema(std::string_view table);

Json value_schema(const KeyInfo& key) {
  switch (key.type) {
    case KeyType::kString:
      return {{"type", "string"}};
    case KeyType::kBool:
      return {{"type", "boolean"}};
    case KeyType::kStringList:
      return string_list();
    case KeyType::kStringOrList:
      return {{"anyOf", Json::array({{{"type", "string"}}, string_list()})}};
    case KeyType::kStringMap:
      return named(kVariableNameRule, {{"type", "string"}});
    case KeyType::kSteps: {
      Json words = string_list();
      words["minItems"] = 1;
      const Json step = {{"anyOf", Json::array({{{"type", "string"}}, words})}};
      const Json steps = {{"type", "array"}, {"items", step}, {"minItems", 1}};
      return {{"anyOf", Json::array({{{"type", "string"}}, steps})}};
    }
    case KeyType::kCacheMode:
      return {{"enum", {"yes", "local", "no"}}};
    case KeyType::kDuration:
      return {{"type", "string"}, {"pattern", "^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"}};
    case KeyType::kArgs: {
      Json arg = table_schema(kArgTable);
      arg["required"] = {"name"};
      return {{"type", "array"}, {"items", arg}};
    }
    case KeyType::kMatrix: {
      Json axis = string_list();
      axis["minItems"] = 1;
      axis["uniqueItems"] = true;
      return named(kPlaceholderNameRule, axis);
    }
    case KeyType::kTools:
      return {{"type", "object"}, {"additionalProperties", table_schema(kToolTable)}};
    case KeyType::kDepth:
      return {{"type", "integer"}, {"minimum", 1}};
    case KeyType::kBoolOrList:
      return {{"anyOf", Json::array({{{"type", "boolean"}}, string_list()})}};
    case KeyType::kEdits:
      return {{"anyOf", Json::array({{{"const", true}}, string_list()})}};
    case KeyType::kUses:
      return {{"enum", {"pytest"}}};
    case KeyType::kShell:
      return {{"enum", {"sh", "bash"}}};
    case KeyType::kServer:
      return {{"enum", {"postgresql"}}};
    case KeyType::kDialects: {
      Json dialect = table_schema(kDialectTable);
      dialect["required"] = {"url"};
      return named(kTaskNameRule, std::move(dialect));
    }
    case KeyType::kTable:
      break;
  }
  if (key.name == kProjectTable) return table_schema(kProjectTable);
  if (key.name == kPoolTable) return named(kTaskNameRule, {{"type", "integer"}, {"minimum", 1}});
  if (key.name == "migrations") return named(kTaskNameRule, table_schema(kMigrationsTable));
  return named(kTaskNameRule, table_schema(kTaskTable));
}

Json table_schema(std::string_view table) {
  Json properties = Json::object();
  for (const KeyInfo& key : all_keys()) {
    if (key.table != table) continue;
    Json value = {{"description", key.summary}};
    value.update(value_schema(key));
    properties[std::string(key.name)] = std::move(value);
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

}  // namespace

std::string json_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "tasks.toml of devtask"}};
  schema.update(table_schema(kTopTable));
  return schema.dump(2) + "\n";
}

}  // namespace devtask
