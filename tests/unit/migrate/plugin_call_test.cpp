#include "migrate/plugin_call.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace devtask {
namespace {

TEST(PluginCall, asks_in_the_plug_ins_own_words) {
  PluginRequest request;
  request.action = "revise";
  request.dialect = "sqlite";
  request.name = "add \"x\"\n";
  request.keep = {"drop_index *"};
  request.around = {"PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"};
  const auto json = nlohmann::json::parse(to_json(request, "/scratch/result.json"));
  EXPECT_EQ(json["do"], "revise");
  EXPECT_EQ(json["result"], "/scratch/result.json");
  EXPECT_EQ(json["name"], "add \"x\"\n");
  EXPECT_EQ(json["keep"], nlohmann::json({"drop_index *"}));
  EXPECT_EQ(json["around"].size(), 2);
  EXPECT_EQ(json["dry_run"], false);
}

TEST(PluginCall, survives_names_that_are_not_utf_8) {
  PluginRequest request;
  request.name = "\xff";
  EXPECT_TRUE(nlohmann::json::accept(to_json(request, "r")));
}

TEST(PluginCall, reads_what_a_revision_is) {
  const auto answer = answer_from_json(R"({
    "version": 1, "do": "revise", "dialect": "sqlite", "state": "done", "path": "/p/x.py", "text": "pass\n",
    "revision": "1a2b", "compared": true, "operations": ["add_column run.new"], "left_out": [],
    "models_changed": {"run": ["new"]}, "mended": ["Text -> sa.Text"],
    "round_trip": {"problems": [{"revision": "1a2b", "path": "/p/x.py", "line": 7, "step": "upgrade, downgrade",
      "message": "run: index ix is lost"}], "revisions": ["1a2b"], "branches": []}})");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->done());
  EXPECT_EQ(answer->path, "/p/x.py");
  EXPECT_EQ(answer->operations, std::vector<std::string>{"add_column run.new"});
  EXPECT_TRUE(answer->models_changed);
  ASSERT_TRUE(answer->round_trip);
  ASSERT_EQ(answer->round_trip->size(), 1U);
  EXPECT_EQ(answer->round_trip->front().line, 7U);
}

TEST(PluginCall, takes_null_for_nothing) {
  const auto answer = answer_from_json(
      R"({"state": "done", "path": null, "models_changed": null, "round_trip": {"problems": [
          {"revision": null, "path": null, "line": null, "step": "failed", "message": "x"}]}})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->path, "");
  EXPECT_FALSE(answer->models_changed);
  EXPECT_EQ(answer->round_trip->front().path, "");
}

TEST(PluginCall, tells_findings_and_revisions_apart) {
  const auto answer = answer_from_json(R"({"state": "done",
    "findings": [{"rule": "names", "file": "/p/x.py", "line": 3, "message": "`Text` is not defined", "severity": "error"},
                 {"rule": "destructive", "file": "/p/x.py", "line": 9, "message": "m", "severity": "warning"}],
    "revisions": [{"file": "/p/x.py", "revision": "b", "parents": ["a"]}]})");
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->findings.size(), 2U);
  EXPECT_FALSE(answer->findings[0].is_warning);
  EXPECT_TRUE(answer->findings[1].is_warning);
  ASSERT_EQ(answer->revisions.size(), 1U);
  EXPECT_EQ(answer->revisions[0].parents, std::vector<std::string>{"a"});
}

TEST(PluginCall, refuses_what_is_no_answer) {
  EXPECT_FALSE(answer_from_json("{"));
  EXPECT_FALSE(answer_from_json(R"({"state": 1})"));
  EXPECT_FALSE(answer_from_json(R"({"operations": "x"})"));
  EXPECT_FALSE(answer_from_json(R"([1])"));
}

}  // namespace
}  // namespace devtask
