#include "config/bind_tools.h"

#include <algorithm>
#include <utility>

#include "config/keys.h"
#include "config/names.h"

namespace devtask {
namespace {

void add_placeholder(TableReader& table, const ToolSpec& tool, Placeholders& known) {
  const std::string name = tool.name + "-args";
  if (!is_placeholder_name(name)) return;
  if (std::ranges::find(known.names, name) != known.names.end()) {
    table.complain(error("`{}` in {} needs the placeholder `{{{{{}}}}}`, which has a meaning already",
                         tool.name, table.of("tools"), name)
                       .at(tool.where)
                       .advise(fmt::format("give the argument or axis `{}` another name", name)));
    return;
  }
  known.names.push_back(name);
  known.lists.push_back(name);
}

void bind_pin(TableReader& fields, TableReader& table, ToolSpec& tool, TaskDraft& draft,
              Placeholders& known) {
  auto package = fields.string("package");
  auto hook = fields.string("pre-commit");
  if (package && !fields.written("pre-commit")) {
    fields.complain(
        error("{} has no effect without `pre-commit`", fields.of("package"))
            .at(fields.key_place("package"))
            .advise(fmt::format("for example `{}`", find_key(kToolTable, "pre-commit")->example)));
  }
  if (!fields.written("pre-commit")) return;
  tool.args.emplace();
  add_placeholder(table, tool, known);
  if (hook) draft.pins.push_back({draft.task.tools.size(), std::move(*hook), std::move(package)});
}

}  // namespace

void bind_tools(TableReader& table, TaskDraft& draft, Placeholders& known) {
  TomlEntry* tools = table.get("tools");
  known.complete = known.complete && (tools != nullptr || !table.written("tools"));
  if (tools == nullptr) return;
  for (TomlEntry& entry : std::get<TomlTable>(tools->value.data)) {
    const Span where = table.file().span(entry.key_place);
    auto* settings = std::get_if<TomlTable>(&entry.value.data);
    if (!is_tool_name(entry.key)) {
      table.complain(error("`{}` in {} is not the name of a program", shown(entry.key), table.of("tools"))
                         .at(where)
                         .advise("write the name by which a step starts it, without a folder"));
    } else if (settings == nullptr) {
      table.complain(
          error("`{}` in {} must be a table, found {}", entry.key, table.of("tools"), entry.value.kind_name())
              .at(table.file().span(entry.value.place))
              .advise(fmt::format("for example `{}`", find_key(kTaskTable, "tools")->example)));
    } else {
      TableReader fields(table.file(), *settings, kToolTable,
                         fmt::format("`{}` in {}", entry.key, table.of("tools")));
      ToolSpec tool{entry.key, where, std::nullopt, false};
      tool.distributions = fields.flag("distributions");
      bind_pin(fields, table, tool, draft, known);
      draft.task.tools.push_back(std::move(tool));
    }
  }
}

}  // namespace devtask
