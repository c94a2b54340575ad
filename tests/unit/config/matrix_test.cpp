#include "config/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace devtask {
namespace {

using testing::ElementsAre;

std::vector<std::string> labels(const std::vector<MatrixAxis>& axes) {
  std::vector<std::string> labels;
  for (const MatrixRow& row : matrix_rows(axes)) labels.push_back(row.label());
  return labels;
}

TEST(Matrix, has_one_empty_row_without_axes) { EXPECT_THAT(labels({}), ElementsAre("")); }

TEST(Matrix, combines_axes_with_the_last_changing_fastest) {
  EXPECT_THAT(labels({{"d", {"a", "b"}, {}}, {"v", {"1", "2"}, {}}}),
              ElementsAre("a,1", "a,2", "b,1", "b,2"));
}

TEST(Matrix, has_no_rows_if_an_axis_is_empty) { EXPECT_TRUE(labels({{"d", {}, {}}}).empty()); }

TEST(Matrix, expands_axes_in_text) {
  const MatrixRow row{{{"d", "a*"}, {"v", "1"}}};
  EXPECT_EQ(*expand_axes("x/{{d}}-{{ v }}", row), "x/a*-1");
  EXPECT_EQ(*expand_axes("{{{{d}}", row), "{{d}}");
  EXPECT_FALSE(expand_axes("{{w}}", row));
}

TEST(Matrix, takes_values_in_patterns_literally) {
  Patterns patterns{{{"{{d}}/*.sql", {}}, {"!{{d}}/x.sql", {}}}, {}, true};
  const auto expanded = expand_patterns(patterns, {{{"d", "a*"}}});
  ASSERT_TRUE(expanded);
  EXPECT_FALSE(expanded->templated);
  EXPECT_TRUE(expanded->globs.matches("a*/b.sql"));
  EXPECT_FALSE(expanded->globs.matches("ab/b.sql"));
  EXPECT_FALSE(expanded->globs.matches("a*/x.sql"));
  EXPECT_EQ(expanded->written[1].value, "!a\\*/x.sql");
}

}  // namespace
}  // namespace devtask
