#include "layers/file_filter.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/layers/recipe_support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("an include takes what it matches and all below it, and exclude wins") {
  const TempDir dir;
  for (const char* name : {"a.safetensors", "b.bin", "sub/c.safetensors", "tok/x", "tok/y"}) {
    dir.write(std::string("w/") + name, name);
  }
  TreeInput input = input_of(dir / "w", "/m");
  input.include = {"*.safetensors", "tok"};
  CHECK(paths(walk(input)) == Paths{"m/",
                                    "m/a.safetensors",
                                    "m/sub/",
                                    "m/sub/c.safetensors",
                                    "m/tok/",
                                    "m/tok/x",
                                    "m/tok/y"});
  input.exclude = {"sub/", "tok/y"};
  CHECK(paths(walk(input)) == Paths{"m/", "m/a.safetensors", "m/tok/", "m/tok/x"});
}

TEST_CASE("an include that matches nothing is named") {
  const TempDir dir;
  dir.write("w/a.bin", "x");
  TreeInput input = input_of(dir / "w");
  input.include = {"*.bin", "*.safetensors"};
  const std::string source = (dir / "w").string();
  CHECK(refusal(input, Fault::usage) == "`include` of `" + source +
                                            "`: `*.safetensors` matches nothing | `ls " + source +
                                            "` shows what is there");
}

TEST_CASE("an ignore file that leads nowhere is not passed over") {
  const TempDir dir;
  dir.write("w/a", "x");
  fs::create_symlink("nosuch", dir / ".mlpackignore");
  TreeInput input = input_of(dir / "w");
  input.ignore_file = dir / ".mlpackignore";
  CHECK(refusal(input, Fault::input) ==
        "`" + (dir / ".mlpackignore").string() +
            "` is a symlink to `nosuch`, which does not exist | what it excludes would be packed; "
            "mend it or remove it");
}

TEST_CASE("an include whose matches are all excluded is named as such") {
  const TempDir dir;
  dir.write("w/a.bin", "x");
  TreeInput input = input_of(dir / "w", "/m");
  input.include = {"*"};
  input.exclude = {"*"};
  CHECK(refusal(input, Fault::usage) ==
        "`include` of `" + (dir / "w").string() +
            "`: everything that `*` matches is excluded by `*` | `exclude` wins over `include`: "
            "remove one of the patterns");
}

TEST_CASE("an include whose matches all lie in excluded folders is told the patterns") {
  const TempDir dir;
  dir.write("w/original/deep/a.pth", "x");
  dir.write("w/old/b.pth", "x");
  dir.write("w/c.bin", "x");
  TreeInput input = input_of(dir / "w", "/m");
  const std::string start = "`include` of `" + (dir / "w").string() + "`: everything that `";
  const std::string hint = " | `exclude` wins over `include`: remove one of the patterns";
  input.include = {"*.bin", "*.pth"};
  input.exclude = {"original/", "*.txt", "old"};
  CHECK(refusal(input, Fault::usage) ==
        start + "*.pth` matches is excluded by `old` and `original/`" + hint);
  input.include = {"original/deep/*.pth"};
  input.exclude = {"original/**"};
  CHECK(refusal(input, Fault::usage) ==
        start + "original/deep/*.pth` matches is excluded by `original/**`" + hint);
}

TEST_CASE("a pattern that is looked for in excluded folders follows links as the walk does") {
  const TempDir dir;
  dir.write("cache/blobs/a.pth", "x");
  dir.write("w/c.bin", "x");
  fs::create_symlink("../cache", dir / "w/old");
  fs::create_symlink(".", dir / "cache/blobs/loop");
  TreeInput input = input_of(dir / "w", "/m");
  input.include = {"*.pth"};
  input.exclude = {"old"};
  const std::string start = "`include` of `" + (dir / "w").string() + "`: ";
  CHECK(refusal(input, Fault::usage).starts_with(start + "`*.pth` matches nothing"));
  input.links = TreeInput::Links::follow;
  CHECK(refusal(input, Fault::usage)
            .starts_with(start + "everything that `*.pth` matches is excluded by `old` | "));
}

TEST_CASE("an ignore file counts from its own folder") {
  const TempDir dir;
  dir.write(".mlpackignore", "*.pyc\n/app/secret\n__pycache__/\n!keep.pyc\n");
  for (const char* name : {"app/a.pyc",
                           "app/keep.pyc",
                           "app/secret",
                           "app/sub/secret",
                           "app/__pycache__/x",
                           "other/secret"}) {
    dir.write(name, "x");
  }
  TreeInput input = input_of(dir / "app");
  input.ignore_file = dir / ".mlpackignore";
  CHECK(paths(walk(input)) == Paths{"app/", "app/keep.pyc", "app/sub/", "app/sub/secret"});
  input.source = dir / "other";
  CHECK(paths(walk(input)) == Paths{"app/", "app/secret"});
  const TempDir elsewhere;
  elsewhere.write("app/a.pyc", "x");
  input.source = elsewhere / "app";
  CHECK(paths(walk(input)) == Paths{"app/", "app/a.pyc"});
  input.ignore_file = dir / "none";
  CHECK(paths(walk(input)) == Paths{"app/", "app/a.pyc"});
}

TEST_CASE("what a source somewhere else lists is filtered as a folder is") {
  const Paths files{"a.safetensors", "b.bin", "original/a.pth", "sub/c.safetensors", "tok/x"};
  const auto select = [&](std::vector<std::string> include, std::vector<std::string> exclude) {
    TreeInput input;
    input.include = std::move(include);
    input.exclude = std::move(exclude);
    return FileFilter(input, "hf://a/b", "").select(files);
  };
  CHECK(select({}, {}) == files);
  CHECK(select({"*.safetensors", "tok"}, {}) ==
        Paths{"a.safetensors", "sub/c.safetensors", "tok/x"});
  CHECK(select({}, {"original/", "*.bin"}) == Paths{"a.safetensors", "sub/c.safetensors", "tok/x"});
  CHECK(select({"*"}, {"sub"}) == Paths{"a.safetensors", "b.bin", "original/a.pth", "tok/x"});
  const auto refused = [&](std::vector<std::string> include, std::vector<std::string> exclude) {
    try {
      select(std::move(include), std::move(exclude));
    } catch (const Error& error) {
      return error.what() + (" | " + error.hint());
    }
    return std::string();
  };
  CHECK(refused({"*.gguf"}, {}) ==
        "`include` of `hf://a/b`: `*.gguf` matches nothing | it has `a.safetensors`, `b.bin`, "
        "`original/a.pth`, `sub/c.safetensors`, `tok/x`");
  CHECK(refused({"*.pth"}, {"original/"}) ==
        "`include` of `hf://a/b`: everything that `*.pth` matches is excluded by `original/` | "
        "`exclude` wins over `include`: remove one of the patterns");
}
