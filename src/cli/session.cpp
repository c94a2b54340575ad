#include "cli/session.h"

#include <algorithm>

#include "cli/report.h"
#include "config/saved_project.h"
#include "os/file.h"
#include "os/machine.h"

namespace devtask {
namespace {

std::string value_of(const Variables& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

struct Amount {
  std::uint64_t number = 0;
  std::string unit;
};

std::optional<Amount> read_amount(const std::string& text) {
  Amount amount;
  std::size_t at = 0;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0 && at < 15) {
    amount.number = amount.number * 10 + static_cast<std::uint64_t>(text[at++] - '0');
  }
  if (at == 0) return std::nullopt;
  amount.unit = text.substr(at);
  std::transform(amount.unit.begin(), amount.unit.end(), amount.unit.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return amount;
}

}  // namespace

std::string cache_folder(const Variables& environment) {
  if (std::string folder = value_of(environment, "DEVTASK_CACHE_DIR"); folder.starts_with('/')) return folder;
  // The XDG specification: a relative path is to be ignored.
  if (std::string folder = value_of(environment, "XDG_CACHE_HOME"); folder.starts_with('/'))
    return folder + "/devtask";
  return user_home() + "/.cache/devtask";
}

Result<CacheLimits> cache_limits(const Variables& environment, const std::string& max_size,
                                 const std::string& max_age) {
  CacheLimits limits;
  const std::string size = max_size.empty() ? value_of(environment, "DEVTASK_CACHE_MAX_SIZE") : max_size;
  const std::string age = max_age.empty() ? value_of(environment, "DEVTASK_CACHE_MAX_AGE") : max_age;
  if (!size.empty()) {
    static const std::map<std::string, int> kShifts = {{"", 0},   {"b", 0},   {"k", 10}, {"kb", 10},
                                                       {"m", 20}, {"mb", 20}, {"g", 30}, {"gb", 30},
                                                       {"t", 40}, {"tb", 40}};
    const auto amount = read_amount(size);
    const auto shift = amount ? kShifts.find(amount->unit) : kShifts.end();
    if (shift == kShifts.end()) {
      return failure(
          error("`{}` is not a size", size).advise("write a number of bytes, or with a unit: `500M`, `10G`"));
    }
    limits.max_bytes = std::min(amount->number, UINT64_MAX >> shift->second) << shift->second;
  }
  if (!age.empty()) {
    const auto amount = read_amount(age);
    const bool days = amount && (amount->unit == "d" || amount->unit.empty());
    if (!amount || (!days && amount->unit != "h")) {
      return failure(error("`{}` is not an age", age).advise("write days or hours: `30d`, `12h`"));
    }
    constexpr std::uint64_t kMostDays = 1'000'000;
    limits.max_age = days ? std::chrono::hours(24 * std::min(amount->number, kMostDays))
                          : std::chrono::hours(std::min(amount->number, 24 * kMostDays));
  }
  return limits;
}

Result<ProjectPlace> project_place(const Options& options) {
  const std::string start = start_folder(options);
  if (stat_followed(start).kind != FileKind::kFolder) return failure("there is no folder `{}`", start);
  const auto real = real_path(start);
  return find_project(real ? *real : start);
}

std::string start_folder(const Options& options) { return join_path(current_folder(), options.folder); }

Result<std::unique_ptr<Session>> Session::open(const Invocation& invocation, Mode mode) {
  return open(invocation, mode, [&](const Diagnostic& said) { report(said, invocation.options); });
}

Result<std::unique_ptr<Session>> Session::open(const Invocation& invocation, Mode mode, const Tell& tell) {
  const ProfileSpan span(invocation.profile, "load tasks.toml");
  const Options& options = invocation.options;
  const auto place = project_place(options);
  if (!place) return tl::unexpected(place.error());
  const StateFolder state(place->root);
  if (auto usable = state.check(); !usable && mode == Mode::kWork) return tl::unexpected(usable.error());
  auto limits = cache_limits(invocation.environment);
  if (!limits) return tl::unexpected(limits.error());
  LoadedProject loaded = load_project(place->root, state.project(), mode == Mode::kWork);
  for (const Diagnostic& diagnostic : loaded.diagnostics) tell(diagnostic);
  if (!loaded.ok()) {
    const auto mistakes =
        std::count_if(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                      [](const Diagnostic& each) { return each.severity == Severity::kError; });
    return failure("{} {} in the configuration, nothing was run", mistakes,
                   mistakes == 1 ? "mistake" : "mistakes");
  }
  std::unique_ptr<Session> session(new Session(std::move(loaded.project), invocation, *limits, mode));
  session->silent_ = loaded.diagnostics.empty();
  const auto& tasks = session->project().tasks;
  const auto here =
      std::ranges::find_if(tasks, [&](const Task& task) { return task.scope->base == place->member; });
  session->caller_.folder = place->folder;
  if (!place->member.empty() && here != tasks.end())
    session->caller_.member = here->name.substr(0, here->name.size() - here->local.size());
  return session;
}

Session::Session(Project project, const Invocation& invocation, CacheLimits limits, Mode mode)
    : project_(std::move(project)),
      state_(project_.root),
      environment_(invocation.environment),
      memo_(state_.memo()),
      journal_(state_.path, mode == Mode::kLook),
      units_(state_.units()),
      last_changes_(invocation.environment, state_.commits(), mode == Mode::kLook),
      evaluator_([&] {
        const Variables& environment = invocation.environment;
        if (!invocation.options.no_cache)
          store_.emplace(cache_folder(environment), limits, mode == Mode::kLook);
        return EvaluatorSources{memo_,
                                journal_,
                                environment_,
                                action_cache(),
                                blob_store(),
                                value_of(environment, "HOME"),
                                invocation.profile,
                                &units_,
                                [this](const LastChangeQuestion& each) { return last_changes_.ask(each); }};
      }()) {}

}  // namespace devtask
