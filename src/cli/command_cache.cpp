#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "console/byte_size.h"

namespace devtask {
namespace {

Result<ExitCode> stats(LocalStore& store) {
  auto stats = store.stats();
  if (!stats) return tl::unexpected(stats.error());
  print(fmt::format("folder   {}\nresults  {}\nblobs    {}\non disk  {}\ncontent  {}\n", stats->folder,
                    stats->results, stats->blobs, format_bytes(stats->stored_bytes),
                    format_bytes(stats->content_bytes)));
  return ExitCode::kDone;
}

Result<ExitCode> gc(LocalStore& store, CacheLimits limits) {
  auto done = store.gc(limits);
  if (!done) return tl::unexpected(done.error());
  print(fmt::format("removed {} results and {} blobs, {} freed\n", done->results_removed, done->blobs_removed,
                    format_bytes(done->bytes_freed)));
  return ExitCode::kDone;
}

Result<ExitCode> verify(LocalStore& store, const Options& options) {
  auto done = store.verify();
  if (!done) return tl::unexpected(done.error());
  for (const std::string& problem : done->problems) print(problem + "\n");
  for (const Diagnostic& problem : done->left) report(problem, options);
  std::string outcome = done->problems.empty() ? "" : fmt::format("{} mended", done->problems.size());
  if (!done->left.empty())
    outcome += fmt::format("{}{} not mended", outcome.empty() ? "" : ", ", done->left.size());
  print(fmt::format("checked {} blobs and {} results: {}\n", done->blobs_checked, done->results_checked,
                    outcome.empty() ? "all good" : outcome));
  return done->left.empty() ? ExitCode::kDone : ExitCode::kTaskFailed;
}

}  // namespace

Result<ExitCode> command_cache(const Invocation& invocation) {
  static const std::vector<std::string> kVerbs = {"stats", "gc", "verify", "clean"};
  const std::string usage = "devtask cache stats|gc [--max-size 10G] [--max-age 30d]|verify|clean";
  if (invocation.words.empty()) return failure(error("`cache` needs to know what to do").advise(usage));
  const std::string& verb = invocation.words[0];
  std::string max_size, max_age;
  for (std::size_t i = 1; i < invocation.words.size(); ++i) {
    const bool has_value = verb == "gc" && i + 1 < invocation.words.size();
    if (has_value && invocation.words[i] == "--max-size") {
      max_size = invocation.words[++i];
    } else if (has_value && invocation.words[i] == "--max-age") {
      max_age = invocation.words[++i];
    } else {
      return failure(error("unknown word `{}` after `cache {}`", invocation.words[i], verb).advise(usage));
    }
  }
  auto limits = cache_limits(invocation.environment, max_size, max_age);
  if (!limits) return tl::unexpected(limits.error());
  LocalStore store(cache_folder(invocation.environment), *limits, verb == "stats");
  if (verb == "stats") return stats(store);
  if (verb == "gc") return gc(store, *limits);
  if (verb == "verify") return verify(store, invocation.options);
  if (verb == "clean") {
    if (auto cleaned = store.clean(); !cleaned) return tl::unexpected(cleaned.error());
    print("the cache is empty\n");
    return ExitCode::kDone;
  }
  std::string help = did_you_mean(verb, kVerbs);
  return failure(error("`cache {}` is not known", verb).advise(help.empty() ? usage : help));
}

}  // namespace devtask
