#include "layers/deb_paths.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// A merged root with the links that a path may meet.
RootPaths merged_root() {
  RootPaths paths;
  for (const char* folder : {"usr", "usr/bin", "usr/lib", "var", "run"})
    paths.claim(folder_entry(folder), RootPaths::nobody);
  paths.claim(link_entry("bin", "usr/bin"), RootPaths::nobody);
  paths.claim(link_entry("lib", "usr/lib"), RootPaths::nobody);
  paths.claim(link_entry("var/run", "/run"), RootPaths::nobody);
  paths.claim(link_entry("usr/bin/sh", "dash"), 0);
  return paths;
}

}  // namespace

TEST_CASE("a path goes through the links of a merged root") {
  const RootPaths paths = merged_root();
  CHECK(paths.resolve_parents("bin/ls") == "usr/bin/ls");
  CHECK(paths.resolve_parents("lib/x/y.so") == "usr/lib/x/y.so");
  CHECK(paths.resolve_parents("usr/bin/ls") == "usr/bin/ls");
  CHECK(paths.resolve_parents("var/run/app.pid") == "run/app.pid");
  CHECK(paths.resolve_parents("not/there") == "not/there");
}

TEST_CASE("the last part of a path is followed only where that is asked for") {
  const RootPaths paths = merged_root();
  CHECK(paths.resolve_parents("bin") == "bin");
  CHECK(paths.resolve("bin") == "usr/bin");
  CHECK(paths.resolve_parents("bin/sh") == "usr/bin/sh");
  CHECK(paths.resolve("bin/sh") == "usr/bin/dash");
  CHECK(paths.resolve("var/run") == "run");
}

TEST_CASE("a link that leads above the root ends at the root") {
  RootPaths paths = merged_root();
  paths.claim(link_entry("usr/up", "../../../.."), 0);
  paths.claim(link_entry("usr/root", "/"), 0);
  paths.claim(link_entry("usr/near", ".././usr//lib/"), 0);
  CHECK(paths.resolve("usr/up") == "");
  CHECK(paths.resolve_parents("usr/up/etc") == "etc");
  CHECK(paths.resolve_parents("usr/root/bin/ls") == "usr/bin/ls");
  CHECK(paths.resolve_parents("usr/near/x") == "usr/lib/x");
}

TEST_CASE("links in a circle are refused") {
  RootPaths paths;
  paths.claim(link_entry("a", "b"), 0);
  paths.claim(link_entry("b", "a"), 0);
  paths.claim(link_entry("c", "c/c"), 0);
  CHECK(failure(Fault::integrity, [&] { paths.resolve_parents("a/x"); }) ==
        "the links on the way to `/a` lead nowhere");
  CHECK(failure(Fault::integrity, [&] { paths.resolve("c"); }) ==
        "the links on the way to `/c` lead nowhere");
}

TEST_CASE("a path that is taken names its owner, and nothing changes") {
  RootPaths paths;
  CHECK_FALSE(paths.claim(text_entry("a", "one"), 3).has_value());
  CHECK(paths.claim(text_entry("a", "one"), 4) == 3);
  CHECK(paths.claim(folder_entry("a"), 4) == 3);
  CHECK(paths.owner("a") == 3);
  CHECK(paths.find("a")->kind == EntryKind::file);
  paths.replace(folder_entry("a"), 4);
  CHECK(paths.owner("a") == 4);
  CHECK(paths.find("a")->kind == EntryKind::directory);
}

TEST_CASE("folders and equal links may be held by many") {
  RootPaths paths;
  paths.claim(folder_entry("d"), 1);
  paths.claim(link_entry("l", "d"), 1);
  CHECK_FALSE(paths.claim(folder_entry("d"), 2).has_value());
  CHECK_FALSE(paths.claim(link_entry("l", "d"), 2).has_value());
  CHECK(paths.claim(link_entry("l", "e"), 2) == 1);
  CHECK(paths.owner("d") == 1);
}

TEST_CASE("a path that is not there has no owner and no entry") {
  const RootPaths paths;
  CHECK(paths.find("a") == nullptr);
  CHECK(paths.owner("a") == RootPaths::unknown);
}
