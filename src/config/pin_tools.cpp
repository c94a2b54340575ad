#include "config/pin_tools.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <regex>
#include <utility>

#include "base/digest.h"
#include "base/escape.h"
#include "base/suggest.h"
#include "config/messages.h"
#include "config/names.h"
#include "config/paths.h"

namespace devtask {
namespace {

constexpr std::string_view kPython = "python3";
constexpr std::size_t kIdLength = 12;

// Of github.com/pre-commit: what they install does not come from Python's package index.
constexpr std::array<std::string_view, 7> kNodeMirrors{"coffeelint", "csslint",  "eslint",   "fixmyjs",
                                                       "jshint",     "prettier", "stylelint"};

// PEP 440, as far as tags go: `22.3.0`, `v5.0.0a1`, `14.0.6-1`, `1!2.0.post1`.
std::optional<std::string> version_of(const std::string& rev) {
  static const std::regex kVersion(
      "v?((\\d+!)?\\d+(\\.\\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview|post|rev|r|dev)[-_.]?\\d*)*(-\\d+)?"
      "(\\+[a-z0-9]+([-_.][a-z0-9]+)*)?)",
      std::regex::icase);
  constexpr std::size_t kLongest = 64;
  std::smatch match;
  if (rev.size() > kLongest || !std::regex_match(rev, match, kVersion)) return std::nullopt;
  return match[1].str();
}

// `black`, `Flake8_x`, `black[jupyter]`: PEP 508.
bool is_package(const std::string& name) {
  static const std::regex kName("[a-z0-9]([-_.a-z0-9]*[a-z0-9])?(\\[[-_.a-z0-9, ]*\\])?", std::regex::icase);
  constexpr std::size_t kLongest = 200;
  return name.size() <= kLongest && std::regex_match(name, kName);
}

// PEP 508 without addresses: `toml>=0.10,<2`, `black[jupyter]; python_version < "3.9"`. What pip would take
// for a file is none: its content is in no key.
bool is_requirement(const std::string& text) {
  static const std::regex kRequirement(
      "([a-z0-9]([-_.a-z0-9]*[a-z0-9])?) *(\\[[-_.a-z0-9, ]*\\])? *"
      "((===|[~=!<>]=|[<>]) *[a-z0-9_.*+!-]+( *, *(===|[~=!<>]=|[<>]) *[a-z0-9_.*+!-]+)*)? *(;.*)?",
      std::regex::icase);
  static const std::regex kArchive(".*\\.(zip|whl|tgz|tbz|txz|tlz|tar(\\.[a-z0-9]+)?)", std::regex::icase);
  constexpr std::size_t kLongest = 200;
  std::smatch match;
  if (text.size() > kLongest || !std::regex_match(text, match, kRequirement)) return false;
  return !std::regex_match(match[1].str(), kArchive) && !std::regex_match(match[4].str(), kArchive);
}

// As PEP 503 compares names, so that one package has one name.
std::string normalised(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool separates = c == '-' || c == '_' || c == '.';
    if (separates && text.ends_with('-')) continue;
    text += separates ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

// "black" of "https://github.com/psf/black.git/".
std::string_view repository_name(std::string_view url) {
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.ends_with(".git")) url.remove_suffix(4);
  const std::size_t cut = url.find_last_of("/:");
  return cut == std::string_view::npos ? url : url.substr(cut + 1);
}

std::string_view package_of(std::string_view repository) {
  for (const std::string_view prefix : {"pre-commit-mirrors-", "mirrors-", "pre-commit-"}) {
    if (repository.starts_with(prefix) && repository != "pre-commit-hooks") {
      repository.remove_prefix(prefix.size());
      break;
    }
  }
  for (const std::string_view suffix : {"-pre-commit-mirror", "-pre-commit-hook", "-pre-commit"}) {
    if (repository.ends_with(suffix)) {
      repository.remove_suffix(suffix.size());
      break;
    }
  }
  return repository;
}

// The program that language_version stands for. nullopt: it says nothing that we know.
std::optional<std::string> python_of(const std::string& version) {
  if (version.empty() || version == "default" || version == "system" || version == "python" ||
      version == kPython)
    return std::string(kPython);
  static const std::regex kVersioned("(python)?(3\\.\\d+)");
  std::smatch match;
  if (std::regex_match(version, match, kVersioned)) return "python" + match[2].str();
  return std::nullopt;
}

std::string tool_text(const TaskDraft& draft, const ToolPin& pin) {
  return fmt::format("`{}` in `tools` of task `{}`", draft.task.tools[pin.tool].name, draft.task.name);
}

Template literal(std::string_view text) {
  return Template::parse(escape_template(text)).value_or(Template());
}

// One script: it installs, and says what may be wrong if that fails.
std::string script_of(const std::string& folder, const std::string& python,
                      const std::set<std::string>& requirements) {
  std::string words, names;
  for (const std::string& each : requirements) {
    words += " " + shell_quote(each);
    names += (names.empty() ? "" : ", ") + each;
  }
  const std::string problem = fmt::format(
      "cannot install what {} pins: {}. A package may not exist under that name or in that version; where it "
      "is "
      "not called like its repository, `package` says how: tools.NAME = {{ pre-commit = \"HOOK\", package = "
      "\"PACKAGE\" }}",
      kPreCommitFile, names);
  return fmt::format(
      "{} -m venv --clear {}\n"
      "{}/bin/python -m pip install --quiet --disable-pip-version-check --{} || {{\n"
      "  printf '%s\\n' {} >&2\n"
      "  exit 1\n"
      "}}\n",
      python, folder, folder, words, shell_quote(problem));
}

}  // namespace

std::string tools_folder(std::string_view task_name) {
  return fmt::format("{}/{}", kToolsFolder, task_name.substr(kToolsPrefix.size()));
}

void ToolPinner::pin(TaskDraft& draft, const std::vector<PreCommitHook>& hooks) {
  Pins pins;
  bool right = true;
  for (const ToolPin& pin : draft.pins) {
    const PreCommitHook* hook = find_hook(draft, pin, hooks);
    right = hook != nullptr && add(draft, pin, *hook, pins) && right;
    if (hook == nullptr) continue;
    std::vector<std::string>& args = *draft.task.tools[pin.tool].args;
    if (!hook->entry.empty()) args.assign(hook->entry.begin() + 1, hook->entry.end());
    args.insert(args.end(), hook->args.begin(), hook->args.end());
  }
  if (!right || draft.pins.empty()) return;
  std::string text = pins.python + "\n";
  for (const std::string& each : pins.requirements) text += each + "\n";
  const std::string name = kToolsPrefix + sha256(text).hex().substr(0, kIdLength);
  draft.task.deps.push_back({literal(name), draft.pins.front().hook.where});
  draft.task.path.push_back(tools_folder(name) + "/bin");
  environments_.try_emplace(name, std::move(pins));
}

const PreCommitHook* ToolPinner::find_hook(const TaskDraft& draft, const ToolPin& pin,
                                           const std::vector<PreCommitHook>& hooks) {
  const std::string& name = pin.hook.value;
  std::vector<const PreCommitHook*> found;
  for (const bool by_alias : {true, false}) {
    for (const PreCommitHook& hook : hooks) {
      if ((by_alias ? hook.alias : hook.id.value) == name && !name.empty()) found.push_back(&hook);
    }
    if (!found.empty()) break;
  }
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    Diagnostic problem =
        error("{}: {} hooks of {} are called `{}`", tool_text(draft, pin), found.size(), kPreCommitFile, name)
            .at(pin.hook.where)
            .advise("give the one that is meant an `alias` there, and name that");
    for (const PreCommitHook* hook : found)
      problem.notes.push_back("one is at " + place_text(hook->id.where));
    complain(std::move(problem));
    return nullptr;
  }
  std::vector<std::string> names;
  for (const PreCommitHook& hook : hooks) {
    for (const std::string& each : {hook.id.value, hook.alias}) {
      if (!each.empty() && std::ranges::find(names, each) == names.end()) names.push_back(each);
    }
  }
  std::string help = did_you_mean(name, names);
  if (help.empty())
    help = names.empty() ? "there are no hooks in it" : "the hooks there: " + name_list(names);
  complain(error("{}: there is no hook `{}` in {}", tool_text(draft, pin), shown(name), kPreCommitFile)
               .at(pin.hook.where)
               .advise(std::move(help)));
  return nullptr;
}

bool ToolPinner::add(const TaskDraft& draft, const ToolPin& pin, const PreCommitHook& hook, Pins& pins) {
  const std::string& repo = hook.repo.value;
  const std::string used = "wanted for " + tool_text(draft, pin);
  if (repo == "local" || repo == "meta") {
    complain(error("hook `{}` is of a `{}` repository, which pins no version", hook.id.value, repo)
                 .at(hook.id.where)
                 .advise("install its program with a task that the other depends on, and name its folder in "
                         "`path`")
                 .note(used));
    return false;
  }
  const std::string_view repository = repository_name(repo);
  const bool node_mirror = repository.starts_with("mirrors-") &&
                           std::ranges::find(kNodeMirrors, package_of(repository)) != kNodeMirrors.end();
  if (node_mirror || (!hook.language.value.empty() && hook.language.value != "python")) {
    complain(error("hook `{}` is no Python package, and devtask installs only those", hook.id.value)
                 .at(node_mirror ? hook.repo.where : hook.language.where)
                 .advise(node_mirror || hook.language.value == "node"
                             ? "pin it in package.json, and depend on the task that runs `npm ci`"
                             : "install it with a task that the other depends on")
                 .note(used));
    return false;
  }
  const std::string package = pin.package ? pin.package->value : std::string(package_of(repository));
  if (!is_package(package)) {
    complain(error("`{}` is not the name of a Python package", shown(package))
                 .at(pin.package ? pin.package->where : hook.repo.where)
                 .advise("say with `package` what it is called on the package index")
                 .note(used));
    return false;
  }
  const auto version = version_of(hook.rev.value);
  if (!version) {
    complain((hook.rev.value.empty()
                  ? error("the repository of hook `{}` has no `rev`", hook.id.value)
                  : error("`rev` of hook `{}` is no version: `{}`", hook.id.value, shown(hook.rev.value)))
                 .at(hook.rev.where)
                 .advise("name the tag of a release, as `pre-commit autoupdate` does")
                 .note(used));
    return false;
  }
  bool right = add_python(draft, pin, hook, pins);
  if (!pins.where.file) pins.where = hook.id.where;
  pins.requirements.insert(normalised(package) + "==" + *version);
  for (const Placed<std::string>& more : hook.additional_dependencies) {
    if (!is_requirement(more.value)) {
      complain(
          error("`{}` in `additional_dependencies` of hook `{}` is no package of the package index",
                shown(more.value), hook.id.value)
              .at(more.where)
              .advise("write a name and a version: `toml==0.10.2`; what a path or an address leads to can "
                      "change unseen")
              .note(used));
      right = false;
    }
    pins.requirements.insert(more.value);
  }
  return right;
}

bool ToolPinner::add_python(const TaskDraft& draft, const ToolPin& pin, const PreCommitHook& hook,
                            Pins& pins) {
  const auto python = python_of(hook.language_version.value);
  if (!python) {
    complain(error("`language_version` of hook `{}` is no Python: `{}`", hook.id.value,
                   shown(hook.language_version.value))
                 .at(hook.language_version.where)
                 .advise("for example `python3` or `python3.11`")
                 .note("wanted for " + tool_text(draft, pin)));
    return false;
  }
  if (pins.python.empty() || pins.python == kPython) {
    pins.python = *python;
  } else if (*python != kPython && *python != pins.python) {
    complain(error("the tools of task `{}` need `{}` and `{}`, and get one environment", draft.task.name,
                   pins.python, *python)
                 .at(pin.hook.where)
                 .advise("put them in tasks of their own, or give their hooks the same `language_version`"));
    return false;
  }
  return true;
}

void ToolPinner::complain(Diagnostic problem) {
  const std::string place = problem.span ? place_text(*problem.span) : std::string();
  if (said_.insert(place + problem.message).second) complaints_.add(std::move(problem));
}

std::vector<TaskDraft> ToolPinner::tasks(const Scope& root) const {
  std::vector<TaskDraft> drafts;
  if (environments_.empty()) return drafts;
  // Its interpreter is none that the project makes, and settings of the project are nothing to a package.
  auto scope = std::make_shared<Scope>();
  scope->name = root.name;
  scope->ignore = root.ignore;
  scope->secrets = root.secrets;
  scope->env_pass = root.env_pass;
  for (const auto& [name, pins] : environments_) {
    const std::string folder = tools_folder(name);
    TaskDraft draft;
    Task& task = draft.task;
    task.name = task.local = name;
    task.scope = scope;
    task.where = pins.where;
    task.description = fmt::format("Install the tools that {} pins", kPreCommitFile);
    task.hidden = task.makes_tools = true;
    task.run.push_back({true, {literal(script_of(folder, pins.python, pins.requirements))}, pins.where});
    task.inputs.emplace();
    task.outputs.written.push_back({folder + "/", pins.where});
    if (auto globs = GlobList::parse({folder + "/"})) task.outputs.globs = std::move(*globs);
    task.cache = CacheMode::kLocal;
    task.witness = {folder + "/pyvenv.cfg", pins.where};
    drafts.push_back(std::move(draft));
  }
  return drafts;
}

}  // namespace devtask
