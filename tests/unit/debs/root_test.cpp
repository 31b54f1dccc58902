#include "tests/support/temp_dir.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Texts = std::vector<std::string>;

std::string failure_of(Fault fault, const std::vector<TestDeb>& debs) {
  return failure(fault, [&] { DebianRig().root_of(debs); });
}

const LayerRecipe& layer(const DebianRoot& root, const std::string& name) {
  const auto found = std::find_if(root.layers.begin(), root.layers.end(), [&](const auto& recipe) {
    return recipe.name == name;
  });
  REQUIRE(found != root.layers.end());
  return *found;
}

Texts root_paths(const LayerRecipe& recipe) {
  Texts paths;
  for (const RecipeEntry& entry : recipe.entries)
    paths.push_back(entry.path);
  return paths;
}

RecipeEntry hard_link(const std::string& path, const std::string& target) {
  RecipeEntry entry = text_entry(path, "");
  entry.kind = EntryKind::hardlink;
  entry.link = target;
  return entry;
}

}  // namespace

TEST_CASE("the root has what a system needs beside its packages") {
  DebianRig rig;
  const DebianRoot root = rig.root_of({{.name = "dash", .fields = "Description: a shell\n"}});
  REQUIRE(root.layers.size() == 1);
  CHECK(root.layers[0].name == "base");
  CHECK(root.layers[0].role == Role::system);
  CHECK(root.layers[0].mtime == 0);
  CHECK(root_paths(root.layers[0]) == Texts{"dev",
                                            "proc",
                                            "root",
                                            "run",
                                            "run/lock",
                                            "sys",
                                            "tmp",
                                            "usr",
                                            "var",
                                            "var/tmp",
                                            "etc",
                                            "usr/bin",
                                            "bin",
                                            "usr/lib",
                                            "lib",
                                            "usr/sbin",
                                            "sbin",
                                            "var/run",
                                            "var/lock",
                                            "etc/hosts",
                                            "var/lib",
                                            "var/lib/dpkg",
                                            "var/lib/dpkg/status.d",
                                            "var/lib/dpkg/status.d/dash"});
  const auto entries = entries_of(root);
  CHECK(entries.at("tmp").mode == 01777);
  CHECK(entries.at("root").mode == 0700);
  CHECK(entries.at("bin") == link_entry("bin", "usr/bin"));
  CHECK(entries.at("var/run") == link_entry("var/run", "/run"));
  CHECK(text_at(root, "etc/hosts") ==
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
  CHECK(text_at(root, "var/lib/dpkg/status.d/dash") ==
        "Package: dash\nVersion: 1\nArchitecture: amd64\nDescription: a shell\n\n");
}

TEST_CASE("the root knows the search path and the standard accounts") {
  DebianRig rig;
  const DebianRoot root = rig.root_of({{.name = "dash"}});
  CHECK(root.env == Texts{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
  CHECK(root.passwd.front() == "root:x:0:0:root:/root:/usr/sbin/nologin");
  CHECK(root.group.front() == "root:x:0:");
}

TEST_CASE("a package's files lie where its own paths lead on a merged system") {
  DebianRig rig;
  const DebianRoot root = rig.root_of({{.name = "dash",
                                        .files = {folder_entry("bin"),
                                                  text_entry("bin/dash", "shell"),
                                                  hard_link("usr/bin/again", "bin/dash"),
                                                  folder_entry("lib64"),
                                                  text_entry("lib64/ld.so", "loader"),
                                                  text_entry("var/run/x", "x")}}});
  const auto entries = entries_of(root);
  CHECK(entries.at("bin").kind == EntryKind::symlink);
  CHECK(entries.count("bin/dash") == 0);
  CHECK(entries.at("usr/bin/again").link == "usr/bin/dash");
  CHECK(entries.at("lib64") == link_entry("lib64", "usr/lib64"));
  CHECK(entries.count("usr/lib64/ld.so") == 1);
  CHECK(entries.count("run/x") == 1);
  const auto* member = std::get_if<DebMember>(&entries.at("usr/bin/dash").content);
  REQUIRE(member != nullptr);
  CHECK(member->member == "bin/dash");
}

TEST_CASE("a base-files that brings the merged links itself is as good") {
  DebianRig rig;
  const DebianRoot root = rig.root_of({{.name = "base-files",
                                        .files = {link_entry("bin", "usr/bin"),
                                                  folder_entry("usr"),
                                                  folder_entry("usr/bin"),
                                                  link_entry("var/run", "/run"),
                                                  text_entry("etc/hosts", "mine\n")}}});
  const auto entries = entries_of(root);
  CHECK(entries.at("bin") == link_entry("bin", "usr/bin"));
  const auto* hosts = std::get_if<DebMember>(&entries.at("etc/hosts").content);
  REQUIRE(hosts != nullptr);
  CHECK(hosts->member == "etc/hosts");
}

TEST_CASE("folders come before what lies in them, and every path once, in each layer") {
  DebianRig rig;
  const std::vector<TestDeb> debs{
      {.name = "app", .files = {text_entry("opt/app/deep/er", "x"), folder_entry("opt/app")}},
      {.name = "dash", .files = {folder_entry("usr"), text_entry("usr/share/d/d", "d")}}};
  const DebianRoot root = rig.root_of(debs);
  REQUIRE(root.layers.size() == 2);
  for (const LayerRecipe& recipe : root.layers) {
    std::set<std::string> seen;
    for (const std::string& path : root_paths(recipe)) {
      const std::size_t slash = path.rfind('/');
      if (slash != std::string::npos) CHECK(seen.count(path.substr(0, slash)) == 1);
      CHECK(seen.insert(path).second);
    }
  }
  CHECK(root_paths(layer(root, "packages")) == Texts{"opt",
                                                     "opt/app",
                                                     "opt/app/deep",
                                                     "opt/app/deep/er",
                                                     "var",
                                                     "var/lib",
                                                     "var/lib/dpkg",
                                                     "var/lib/dpkg/status.d",
                                                     "var/lib/dpkg/status.d/app"});
}

TEST_CASE("CA certificates become one bundle, by name") {
  DebianRig rig;
  const DebianRoot root =
      rig.root_of({{.name = "ca-certificates",
                    .files = {text_entry("usr/share/ca-certificates/m/B.crt", "cert B\n"),
                              text_entry("usr/share/ca-certificates/m/A.crt", "cert A")}},
                   {.name = "corporate",
                    .files = {text_entry("usr/share/ca-certificates/Z.crt", "cert Z\n")}}});
  CHECK(text_at(root, "etc/ssl/certs/ca-certificates.crt") == "cert Z\ncert A\ncert B\n");
  CHECK(entries_of(rig.root_of({{.name = "dash"}})).count("etc/ssl/certs/ca-certificates.crt") ==
        0);
}

TEST_CASE("two packages with one file are incompatible, unless one replaces the other") {
  const TestDeb a{.name = "a", .files = {text_entry("usr/bin/x", "from a")}};
  const TestDeb b{.name = "b", .files = {text_entry("bin/x", "from b")}};
  CHECK(failure_of(Fault::incompatible, {a, b}) ==
        "the packages `a` and `b` both hold `/usr/bin/x`");
  DebianRig rig;
  TestDeb winner = b;
  winner.fields = "Replaces: a (<< 2), c\n";
  const Digest archive = rig.repository.put(winner).sha256;
  const DebMember expected{archive, "bin/x"};
  CHECK(std::get<DebMember>(entries_of(rig.root_of({a, winner})).at("usr/bin/x").content) ==
        expected);
  TestDeb first = a;
  first.fields = "Replaces: b\n";
  const DebMember own{rig.repository.put(first).sha256, "usr/bin/x"};
  CHECK(std::get<DebMember>(entries_of(rig.root_of({first, b})).at("usr/bin/x").content) == own);
}

TEST_CASE("two packages may hold one folder or one link, but not one as both") {
  DebianRig rig;
  RecipeEntry strict = folder_entry("etc/x");
  strict.mode = 0700;
  const DebianRoot root =
      rig.root_of({{.name = "a", .files = {strict, link_entry("usr/l", "x")}},
                   {.name = "b", .files = {folder_entry("etc/x"), link_entry("usr/l", "x")}}});
  CHECK(entries_of(root).at("etc/x").mode == 0700);
  CHECK(failure_of(Fault::incompatible,
                   {{.name = "a", .files = {link_entry("usr/l", "x")}},
                    {.name = "b", .files = {link_entry("usr/l", "y")}}}) ==
        "the packages `a` and `b` both hold `/usr/l`");
  CHECK(failure_of(Fault::incompatible,
                   {{.name = "a", .files = {text_entry("usr/l", "x")}},
                    {.name = "b", .files = {folder_entry("usr/l")}}}) ==
        "the packages `a` and `b` both hold `/usr/l`");
}

TEST_CASE("a hard link to a file that another package replaces is incompatible") {
  CHECK(
      failure_of(Fault::incompatible,
                 {{.name = "a", .files = {text_entry("usr/x", "a"), hard_link("usr/y", "usr/x")}},
                  {.name = "b", .fields = "Replaces: a\n", .files = {text_entry("usr/x", "b")}}}) ==
      "`/usr/y` of the package `a` is a hard link to `/usr/x`, which another package replaces");
}

TEST_CASE("a link of one package cannot lead another's files out of the root") {
  DebianRig rig;
  const DebianRoot root =
      rig.root_of({{.name = "a", .files = {link_entry("opt/x", "../../../etc")}},
                   {.name = "b", .files = {text_entry("opt/x/y", "y")}}});
  CHECK(entries_of(root).count("etc/y") == 1);
  CHECK(entries_of(root).count("opt/x/y") == 0);
  CHECK(failure_of(Fault::integrity,
                   {{.name = "a", .files = {link_entry("x", "y"), link_entry("y", "x")}},
                    {.name = "b", .files = {text_entry("x/f", "")}}}) ==
        "the links on the way to `/x` lead nowhere");
}

TEST_CASE("alternatives become links, of each layer what it adds to the one below") {
  DebianRig rig;
  const std::string call = "update-alternatives --install /usr/bin/awk awk ";
  const TestDeb mawk{.name = "dash",
                     .files = {text_entry("usr/bin/mawk", "")},
                     .postinst = call + "/usr/bin/mawk 5\n"};
  const TestDeb gawk{.name = "gawk",
                     .files = {text_entry("usr/bin/gawk", "")},
                     .postinst = call + "/usr/bin/gawk 10\n" + call + "/usr/bin/gone 90\n"};
  const DebianRoot both = rig.root_of({mawk, gawk});
  const auto base = root_paths(layer(both, "base"));
  CHECK(std::count(base.begin(), base.end(), "usr/bin/awk") == 1);
  const auto above = root_paths(layer(both, "packages"));
  CHECK(std::count(above.begin(), above.end(), "usr/bin/awk") == 0);
  CHECK(entries_of(both).at("usr/bin/awk") == link_entry("usr/bin/awk", "/etc/alternatives/awk"));
  CHECK(entries_of(both).at("etc/alternatives/awk") ==
        link_entry("etc/alternatives/awk", "/usr/bin/gawk"));
  CHECK(layer(rig.root_of({mawk}), "base") == layer(both, "base"));
}

TEST_CASE("a path that a package holds is not made an alternative") {
  DebianRig rig;
  const DebianRoot root =
      rig.root_of({{.name = "a",
                    .files = {text_entry("usr/bin/vi", "own"), text_entry("usr/bin/vim", "vim")},
                    .postinst = "update-alternatives --install /bin/vi vi /bin/vim 1\n"}});
  CHECK(entries_of(root).at("usr/bin/vi").kind == EntryKind::file);
  CHECK(entries_of(root).at("etc/alternatives/vi").link == "/bin/vim");
}
