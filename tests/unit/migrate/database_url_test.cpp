#include "migrate/database_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace devtask {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

DatabaseUrl parsed(std::string_view text) {
  auto url = parse_database_url(text);
  EXPECT_TRUE(url) << text << ": " << url.error().message;
  return url.value_or(DatabaseUrl{});
}

TEST(DatabaseUrl, HasItsParts) {
  const DatabaseUrl url =
      parsed("postgresql+asyncpg://me:secret@db.example:5433/orion?ssl=require&host=%2Frun%2Fpg");
  EXPECT_EQ(url.dialect, "postgresql");
  EXPECT_EQ(url.driver, "asyncpg");
  EXPECT_EQ(url.user, "me");
  EXPECT_EQ(url.password, "secret");
  EXPECT_EQ(url.host, "db.example");
  EXPECT_EQ(url.port, "5433");
  EXPECT_EQ(url.database, "orion");
  EXPECT_THAT(url.query, ElementsAre(std::pair("ssl", "require"), std::pair("host", "/run/pg")));
}

TEST(DatabaseUrl, MayHaveFewParts) {
  EXPECT_EQ(parsed("sqlite://").dialect, "sqlite");
  EXPECT_EQ(parsed("sqlite://").database, "");
  EXPECT_EQ(parsed("sqlite://").user, std::nullopt);
  EXPECT_EQ(parsed("sqlite:///x.db").database, "x.db");
  EXPECT_EQ(parsed("sqlite+aiosqlite:////home/a b/x.db").database, "/home/a b/x.db");
  EXPECT_EQ(parsed("postgresql://me@/x?host=/run").user, "me");
  EXPECT_EQ(parsed("postgresql://me@/x?host=/run").host, "");
  EXPECT_EQ(parsed("postgresql://[::1]:5433/x").host, "::1");
  EXPECT_EQ(parsed("postgresql://[::1]:5433/x").port, "5433");
  EXPECT_EQ(parsed("postgresql://one:1,two:2/x").host, "one:1,two:2");
}

TEST(DatabaseUrl, DecodesWhatIsEncoded) {
  const DatabaseUrl url = parsed("postgresql://m%40e:p%3A%2F%40%25w+d@h/x?options=-c%20a%3D1+b&%6Bey=%");
  EXPECT_EQ(url.user, "m@e");
  EXPECT_EQ(url.password, "p:/@%w+d");
  EXPECT_THAT(url.query, ElementsAre(std::pair("options", "-c a=1 b"), std::pair("key", "%")));
}

TEST(DatabaseUrl, TakesPasswordsThatShouldHaveBeenEncoded) {
  EXPECT_EQ(parsed("postgresql://me:a@b@h/x").password, "a@b");
  EXPECT_EQ(parsed("postgresql://me:a/b@h/x").password, "a/b");
  EXPECT_EQ(parsed("postgresql://me:a/b@h/x").host, "h");
  EXPECT_EQ(parsed("postgresql://me:a/b@h/x").database, "x");
}

TEST(DatabaseUrl, IsTheSameAgainAsText) {
  for (const std::string_view text :
       {"sqlite:////home/a b/x.db", "sqlite://",
        "postgresql+asyncpg://me:secret@db.example:5433/x?ssl=require",
        "postgresql://m%40e:p%3A%2F%40%25%2Bw@h/x?host=/run/pg&a=b%26c%3D", "postgresql://me@/x?host=/run",
        "postgresql://[::1]:5433/x", "postgresql://one:1,two:2/x", "postgresql://:only@h/x"}) {
    EXPECT_EQ(to_text(parsed(text)), text);
  }
}

TEST(DatabaseUrl, MustBeOne) {
  EXPECT_EQ(parse_database_url("me:secret@host/x").error().message,
            "this is no URL of a database: `me:***@host/x`");
  EXPECT_EQ(parse_database_url("").error().message, "this is no URL of a database: ``");
  EXPECT_FALSE(parse_database_url("postgresql://[::1/x"));
  EXPECT_FALSE(parse_database_url("postgresql://[::1]5/x"));
  EXPECT_FALSE(parse_database_url("postgresql://[one,two]:5/x"));
  EXPECT_FALSE(parse_database_url("+asyncpg://h/x"));
}

TEST(DatabaseUrl, DoesNotShowAPasswordInAFailure) {
  for (const std::string_view text : {"postgresql://h:secret/x", "me:secret@x", "x://u:secret@h:secret2/x"}) {
    const auto refused = parse_database_url(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(render(refused.error(), false).find("secret"), std::string::npos) << text;
  }
}

TEST(DatabaseUrl, IsShownWithoutPasswords) {
  EXPECT_EQ(mask_database_url("postgresql://me:secret@h:1/x?a=b"), "postgresql://me:***@h:1/x?a=b");
  EXPECT_EQ(mask_database_url("postgresql://me:se@cr/et?@h/x"), "postgresql://me:***@h/x");
  EXPECT_EQ(mask_database_url("postgresql://:secret@h"), "postgresql://:***@h");
  EXPECT_EQ(mask_database_url("postgresql://me@h/x?password=secret&sslmode=require"),
            "postgresql://me@h/x?password=***&sslmode=require");
  EXPECT_EQ(mask_database_url("postgresql://h/x?%70assword=secret"), "postgresql://h/x?%70assword=***");
  EXPECT_EQ(mask_database_url("sqlite:///x.db"), "sqlite:///x.db");
  EXPECT_EQ(mask_database_url("postgresql://me@h:1/x"), "postgresql://me@h:1/x");
  EXPECT_EQ(mask_database_url("anything"), "anything");
}

TEST(DatabaseUrl, NamesItsSecrets) {
  EXPECT_THAT(secrets_of_database_url("postgresql://me:p%40w@h/x?password=q+r"),
              ElementsAre("p%40w", "p@w", "q+r", "q r"));
  EXPECT_THAT(secrets_of_database_url("postgresql://me:se?cr@et@h/x"), ElementsAre("se?cr@et"));
  EXPECT_THAT(secrets_of_database_url("postgresql://me:@h/x"), IsEmpty());
  EXPECT_THAT(secrets_of_database_url("sqlite:///x.db"), IsEmpty());
}

TEST(DatabaseUrl, HasOneQueryWhenPutTogether) {
  const auto together = [](std::string url, std::string_view more) {
    append_to_url(url, more);
    return url;
  };
  EXPECT_EQ(together("postgresql://me@/x?host=/run", ""), "postgresql://me@/x?host=/run");
  EXPECT_EQ(together("postgresql://me@/x?host=/run", "?a=b"), "postgresql://me@/x?host=/run&a=b");
  EXPECT_EQ(together("postgresql://me@h/x", "?a=b"), "postgresql://me@h/x?a=b");
  EXPECT_EQ(together("", "sqlite://"), "sqlite://");
}

}  // namespace
}  // namespace devtask
