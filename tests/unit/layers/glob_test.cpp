#include "layers/glob.h"

#include "lib/error.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

bool matches(const std::string& pattern,
             const std::string& path,
             Globs::Kind kind = Globs::Kind::file) {
  return Globs::parse({pattern}, "include").match(path, kind) == Globs::Verdict::matched;
}

}  // namespace

TEST_CASE("a pattern without a slash matches a name at every depth") {
  CHECK(matches("*.json", "config.json"));
  CHECK(matches("*.json", "a/b/config.json"));
  CHECK_FALSE(matches("*.json", "config.jsonl"));
  CHECK(matches("a", "b/a"));
  CHECK(matches("*", "x"));
}

TEST_CASE("a pattern with a slash is anchored") {
  CHECK(matches("/a.json", "a.json"));
  CHECK_FALSE(matches("/a.json", "b/a.json"));
  CHECK(matches("./a.json", "a.json"));
  CHECK_FALSE(matches("./a.json", "b/a.json"));
  CHECK(matches("a/b", "a/b"));
  CHECK_FALSE(matches("a/b", "x/a/b"));
  CHECK_FALSE(matches("a/*", "a/b/c"));
  CHECK_FALSE(matches("../a", "a"));
}

TEST_CASE("two stars stand for any number of folders") {
  CHECK(matches("**/a", "a"));
  CHECK(matches("**/a", "x/y/a"));
  CHECK(matches("a/**/b", "a/b"));
  CHECK(matches("a/**/b", "a/x/y/b"));
  CHECK(matches("original/**", "original/x"));
  CHECK(matches("original/**", "original/x/y"));
  CHECK_FALSE(matches("original/**", "original", Globs::Kind::folder));
  CHECK(matches("**", "a/b"));
  CHECK(matches("a/**/b/**/c", "a/b/x/b/c"));
  CHECK_FALSE(matches("a/**/b/**/c", "a/c/b"));
}

TEST_CASE("a slash at the end matches folders only") {
  CHECK(matches("logs/", "logs", Globs::Kind::folder));
  CHECK(matches("logs/", "a/logs", Globs::Kind::folder));
  CHECK_FALSE(matches("logs/", "logs", Globs::Kind::file));
}

TEST_CASE("question marks, sets and escapes match one byte") {
  CHECK(matches("a?c", "abc"));
  CHECK_FALSE(matches("a?c", "ac"));
  CHECK(matches("model-0000[1-3]*", "model-00002-of-00003.safetensors"));
  CHECK_FALSE(matches("model-0000[1-3]*", "model-00004-of-00004.safetensors"));
  CHECK(matches("[!a]b", "xb"));
  CHECK_FALSE(matches("[^a]b", "ab"));
  CHECK(matches("[]x]", "]"));
  CHECK(matches("[a-]", "-"));
  CHECK(matches("\\*", "*"));
  CHECK_FALSE(matches("\\*", "a"));
  CHECK(matches("\\!x", "!x"));
  CHECK(matches("\xff*", "\xffz"));
}

TEST_CASE("the last pattern that matches decides") {
  Globs globs = Globs::parse({"*.log", "!keep.log"}, "exclude");
  CHECK(globs.match("a.log", Globs::Kind::file) == Globs::Verdict::matched);
  CHECK(globs.match("keep.log", Globs::Kind::file) == Globs::Verdict::taken_back);
  CHECK(globs.match("x", Globs::Kind::file) == Globs::Verdict::unmatched);
}

TEST_CASE("the pattern that decides is known") {
  const Globs globs = Globs::parse({"*.bin", "a/", "!keep.bin"}, "x");
  CHECK(globs.matching("b/x.bin", Globs::Kind::file) == "*.bin");
  CHECK(globs.matching("a", Globs::Kind::folder) == "a/");
  CHECK_FALSE(globs.matching("a", Globs::Kind::file));
  CHECK_FALSE(globs.matching("keep.bin", Globs::Kind::file));
}

TEST_CASE("patterns that matched nothing are known") {
  Globs globs = Globs::parse({"*.json", "config.json", "*.bin", "!x"}, "include");
  globs.match("config.json", Globs::Kind::file);
  CHECK(globs.unused() == std::vector<std::string>{"*.bin"});
}

TEST_CASE("an ignore file has comments, blank lines and line ends of all kinds") {
  Globs globs = Globs::parse_lines("# comment\n\n*.pyc\r\n\\#x\nsp\\ \nend  \n", ".mlpackignore");
  CHECK(globs.match("a.pyc", Globs::Kind::file) == Globs::Verdict::matched);
  CHECK(globs.match("#x", Globs::Kind::file) == Globs::Verdict::matched);
  CHECK(globs.match("sp ", Globs::Kind::file) == Globs::Verdict::matched);
  CHECK(globs.match("end", Globs::Kind::file) == Globs::Verdict::matched);
  CHECK(globs.match("comment", Globs::Kind::file) == Globs::Verdict::unmatched);
}

TEST_CASE("bad patterns are refused with their place") {
  CHECK_THROWS_WITH_AS(Globs::parse({"[ab"}, "`include` of `weights/`"),
                       "`include` of `weights/`: `[ab` has an unclosed `[`",
                       Error);
  CHECK_THROWS_WITH_AS(Globs::parse({""}, "`exclude`"), "`exclude`: `` is not a pattern", Error);
  CHECK_THROWS_WITH_AS(Globs::parse({"/"}, "`exclude`"), "`exclude`: `/` is not a pattern", Error);
  CHECK_THROWS_WITH_AS(Globs::parse({"!"}, "`exclude`"), "`exclude`: `!` is not a pattern", Error);
}

TEST_CASE("a pattern made to be slow is not") {
  const std::string text(2000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "*a";
  }
  CHECK_FALSE(matches(pattern + "b", text));
  std::string deep = "a";
  std::string stars = "**";
  for (int i = 0; i < 200; ++i) {
    deep += "/a";
    stars += "/a/**";
  }
  CHECK_FALSE(matches(stars + "/b", deep));
}
