#include "config/bind_project.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/version.h"
#include "config/bind_values.h"
#include "config/keys.h"
#include "config/messages.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

using VersionNumber = std::array<int, 3>;

// "0.1" or "0.1.0"; what is not written is 0.
std::optional<VersionNumber> parse_version(std::string_view text) {
  VersionNumber version{};
  for (int& number : version) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return version;
    if (!text.starts_with('.')) return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

std::string bind_requires(TableReader& table) {
  auto text = table.string("requires");
  if (!text) return {};
  std::string_view number = text->value;
  std::optional<VersionNumber> wanted;
  if (number.starts_with(">=")) {
    number.remove_prefix(2);
    number.remove_prefix(std::min(number.find_first_not_of(' '), number.size()));
    wanted = parse_version(number);
  }
  if (!wanted) {
    table.complain(error("{} must look like `>=0.1`, found `{}`", table.of("requires"), shown(text->value))
                       .at(text->where));
    return {};
  }
  if (*wanted > *parse_version(kVersion)) {
    table.complain(error("this project requires devtask {}, and this is {}", number, kVersion)
                       .at(text->where)
                       .advise("install a newer devtask"));
  }
  return text->value;
}

std::string bind_name(TableReader& table, const std::string& folder_name, bool member) {
  auto name = table.string("name");
  if (name && !is_task_name(name->value)) {
    table.complain(
        error("a project cannot be called `{}`", shown(name->value))
            .at(name->where)
            .advise("names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"));
  } else if (!name && member && !table.written("name") && !is_task_name(folder_name)) {
    table.complain(error("the folder's name `{}` cannot be the name of a member", shown(folder_name))
                       .at({table.file().file, 1, 1, 1})
                       .advise("give it another one with `name` in `[project]`"));
  }
  return name ? std::move(name->value) : folder_name;
}

GlobList bind_ignore(TableReader& table, const std::string& base, std::vector<std::string>& texts) {
  // A member may be used as a project of its own, so its .git and .devtask count as well.
  for (const std::string_view pattern : default_ignore()) {
    if (base.empty()) {
      texts.emplace_back(pattern);
    } else if (!pattern.starts_with("**/")) {
      texts.push_back(fmt::format("{}/{}", escape_glob(base), pattern));
    }
  }
  const Placeholders none{{}, {}, true, "no placeholder can stand here"};
  for (auto& pattern : bind_patterns(table, "ignore", base, none, {}).written)
    texts.push_back(std::move(pattern.value));
  auto globs = GlobList::parse(texts);
  return globs ? std::move(*globs) : GlobList();
}

}  // namespace

ScopeDraft bind_project(const FileReader& file, TomlTable& fields, const std::string& base,
                        const std::string& folder_name, const ScopeDraft* parent) {
  TableReader table(file, fields, kProjectTable, "`[project]`");
  static const std::array<std::string, 2> kShells{"sh", "bash"};
  ScopeDraft draft;
  draft.scope = std::make_shared<Scope>();
  Scope& scope = *draft.scope;
  scope.base = base;
  scope.name = bind_name(table, folder_name, parent != nullptr);
  if (parent != nullptr) {
    draft.prefix = scope.name + ":";
    draft.ignore_texts = parent->ignore_texts;
    scope.secrets = parent->scope->secrets;
  }
  draft.requires_version = bind_requires(table);
  draft.shell = table.choice("shell", kShells).value_or("sh");
  draft.include = table.strings("include");
  draft.members = table.strings("members");
  if (parent != nullptr && table.written("members")) {
    table.complain(error("a member cannot have `members`")
                       .at(table.key_place("members"))
                       .advise("list all members in the tasks.toml of the root"));
  }
  for (auto& folder : table.strings("path")) {
    if (auto path = bind_path(table, "path", base, std::move(folder)))
      scope.path.push_back(std::move(path->value));
  }
  scope.ignore = bind_ignore(table, base, draft.ignore_texts);
  for (auto& pattern : bind_variable_patterns(table, "secrets"))
    scope.secrets.push_back(std::move(pattern.value));
  const Placeholders known{{"root", "task"}, {}, true, {}};
  scope.env = bind_env(table, known);
  scope.env_inputs = bind_variable_patterns(table, "env-inputs");
  scope.env_pass = bind_variable_patterns(table, "env-pass");
  return draft;
}

void bind_pools(const FileReader& file, TomlTable& table, const std::string& prefix, PoolDrafts& pools) {
  constexpr int kDeepest = 1'000'000;
  for (const TomlEntry& entry : table) {
    const Span where = file.span(entry.key_place);
    const std::int64_t* depth = entry.value.as_integer();
    if (!is_task_name(entry.key)) {
      file.complain(
          error("a pool cannot be called `{}`", shown(entry.key))
              .at(where)
              .advise(
                  "names have ASCII letters, digits, `_`, `.` and `-`, and do not begin with `.` or `-`"));
      continue;
    }
    if (depth == nullptr || *depth < 1 || *depth > kDeepest) {
      const std::string found =
          depth == nullptr ? std::string(entry.value.kind_name()) : fmt::format("{}", *depth);
      file.complain(error("pool `{}` must be {}, found {}", entry.key, expectation(KeyType::kDepth), found)
                        .at(file.span(entry.value.place))
                        .advise("it is the number of its tasks that may run at a time"));
      // Known all the same, so that its tasks are not complained about as well.
    }
    const int value = depth != nullptr && *depth >= 1 && *depth <= kDeepest ? static_cast<int>(*depth) : 1;
    const auto [at, added] = pools.try_emplace(prefix + entry.key, Placed<int>{value, where});
    if (!added) {
      file.complain(error("pool `{}` is defined twice", entry.key)
                        .at(where)
                        .note("the first one is at " + place_text(at->second.where)));
    }
  }
}

}  // namespace devtask
