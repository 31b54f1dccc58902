#include "layers/archive_members.h"
#include "layers/tar_reader.h"
#include "layers/tar_view.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// The plan of one package with this data.tar, served by the rig.
DebianPlan plan_with(DebianRig& rig, const std::string& data_tar) {
  const TestDeb deb{.name = "app"};
  DebianPlan plan = rig.plan_of({deb});
  const std::string bytes = deb_of(tar_of({text_entry("control", deb.control())}), data_tar);
  rig.repository.files[plan.packages[0].url] = bytes;
  plan.packages[0].size = bytes.size();
  plan.packages[0].sha256 = Digest::of(bytes);
  return plan;
}

std::string refused(Fault fault, DebianRig& rig, const DebianPlan& plan) {
  return failure(fault, [&] { prepare_debian(plan, rig.context); });
}

std::string hostile(const std::string& data_tar) {
  DebianRig rig;
  return refused(Fault::integrity, rig, plan_with(rig, data_tar + std::string(1024, '\0')));
}

// What lies in two layers.
std::vector<TestDeb> some_debs() {
  return {{.name = "app", .files = {text_entry("usr/s", "s"), text_entry("usr/t", "t")}},
          {.name = "dash", .files = {text_entry("bin/dash", "dash"), text_entry("etc/d", "")}}};
}

}  // namespace

TEST_CASE("the same plan gives the same recipes, in a new store and from what the old one knows") {
  std::vector<TestDeb> debs = some_debs();
  debs.push_back({.name = "big", .files = {text_entry("opt/b", std::string((32 << 20) + 1, 'b'))}});
  DebianRig first;
  const DebianPlan plan = first.plan_of(debs);
  const DebianRoot root = prepare_debian(plan, first.context);
  REQUIRE(root.layers.size() == 3);
  CHECK(root.layers[1].name == "big");
  DebianRig second;
  second.context.jobs = 1;
  CHECK(prepare_debian(second.plan_of(debs), second.context).layers == root.layers);
  first.repository.forget();
  CHECK(prepare_debian(plan, first.context).layers == root.layers);
  CHECK(first.repository.asked().empty());
}

TEST_CASE("once fetched, a root is made offline") {
  DebianRig rig;
  const DebianPlan plan = rig.plan_of(some_debs());
  rig.context.offline = Offline::yes;
  CHECK(refused(Fault::input, rig, plan) ==
        "`app 1` is not in the store, and `--offline` forbids to fetch it | run `mlpack fetch` "
        "while there is a network");
  rig.context.offline = Offline::no;
  fetch_debian(plan, rig.context);
  rig.context.offline = Offline::yes;
  CHECK(prepare_debian(plan, rig.context).layers.size() == 2);
}

TEST_CASE("a layer holds the bytes of the packages' files") {
  DebianRig rig;
  const DebianRoot root = rig.root_of(some_debs());
  const TarView view(root.layers[1], [&] { return member_opener(rig.store); });
  const std::string tar = all_of(*view.open());
  CHECK(tar.size() == view.size());
  for (std::size_t i = 0; i < view.recipe().entries.size(); ++i) {
    const RecipeEntry& entry = view.recipe().entries[i];
    if (entry.path == "usr/s") CHECK(tar.substr(view.data_offset(i), 1) == "s");
    if (entry.path == "usr/t") CHECK(tar.substr(view.data_offset(i), 1) == "t");
  }
  CHECK(list_tar(view.open()).size() == view.recipe().entries.size());
}

TEST_CASE("members of a package are opened in any order, one that it lacks is refused") {
  DebianRig rig;
  const DebianPlan plan = rig.plan_of(some_debs());
  fetch_debian(plan, rig.context);
  const auto open = deb_member_opener(rig.store);
  const Digest app = plan.packages[0].sha256;
  CHECK(all_of(*open({app, "usr/s"})) == "s");
  CHECK(all_of(*open({app, "usr/t"})) == "t");
  CHECK(all_of(*open({app, "usr/s"})) == "s");
  CHECK(all_of(*open({plan.packages[1].sha256, "bin/dash"})) == "dash");
  CHECK(all_of(*open({app, "usr/t"})) == "t");
  CHECK(failure(Fault::integrity, [&] {
          open({app, "usr/gone"});
        }) == "the package " + app.text() + " has no `usr/gone`");
  CHECK(failure(Fault::integrity, [&] {
          open({app, "usr/gone"});
        }) == "the package " + app.text() + " has no `usr/gone`");
  CHECK(all_of(*open({app, "usr/s"})) == "s");
}

TEST_CASE("a package that is not what the plan says is refused") {
  DebianRig rig;
  const DebianPlan plan = rig.plan_of({{.name = "app"}});
  std::string& bytes = rig.repository.files[plan.packages[0].url];
  bytes.back() = 'x';
  CHECK(refused(Fault::integrity, rig, plan)
            .starts_with("`http://mirror.test/debian/pool/main/app_1_amd64.deb` is not what the "
                         "signed index says: sha256:"));
  bytes += "more";
  CHECK(refused(Fault::integrity, rig, plan) ==
        "`http://mirror.test/debian/pool/main/app_1_amd64.deb` is too large");
  rig.repository.files.clear();
  CHECK(
      refused(Fault::refused, rig, plan)
          .starts_with("the mirror has no `http://mirror.test/debian/pool/main/app_1_amd64.deb`"));
}

TEST_CASE("a hostile package is refused by name") {
  const std::string start = "cannot unpack `app` 1: ";
  CHECK(hostile(tar_header("/etc/shadow", '0')) == start + "`/etc/shadow` is an absolute path");
  CHECK(hostile(tar_header("usr/../../x", '0')) ==
        start + "the path `usr/../../x` is not a plain one");
  CHECK(hostile(tar_header("dev/mem", '3')) == start + "`dev/mem` is a device");
  CHECK(hostile(tar_header("a", '1', 0, "/etc/shadow")) ==
        start + "`/etc/shadow` is an absolute path");
  CHECK(hostile(tar_header("a", '0', std::uint64_t{1} << 32)) ==
        start + "it unpacks to 4.00 GiB or more from 1.50 KiB");
  CHECK(hostile(tar_header("a", '0', 5000)).starts_with(start + "it is damaged: "));
  CHECK(hostile(std::string(1000, 'x')).starts_with(start + "it is damaged: "));
}

TEST_CASE("a package that holds another one than the plan says is refused") {
  DebianRig rig;
  DebianPlan plan = rig.plan_of({{.name = "app"}});
  plan.packages[0].name = "dash";
  CHECK(refused(Fault::integrity, rig, plan) == "cannot unpack `dash` 1: it holds `app` 1");
}

TEST_CASE("a file that lies in another file is refused, whoever holds the two") {
  const std::string why = "`/usr/x` is no folder, but other files lie in it";
  const RecipeEntry file = text_entry("usr/x", "file");
  const RecipeEntry below = text_entry("usr/x/y", "below");
  for (const std::vector<TestDeb>& debs :
       {std::vector<TestDeb>{{.name = "a", .files = {file, below}}},
        std::vector<TestDeb>{{.name = "a", .files = {file}}, {.name = "b", .files = {below}}},
        std::vector<TestDeb>{{.name = "a", .files = {below}}, {.name = "b", .files = {file}}},
        std::vector<TestDeb>{{.name = "a", .files = {below}}, {.name = "dash", .files = {file}}}}) {
    DebianRig rig;
    CHECK(refused(Fault::incompatible, rig, rig.plan_of(debs)) == why);
  }
}

TEST_CASE("a plan of a distribution that is none is refused") {
  DebianRig rig;
  DebianPlan plan = rig.plan_of({});
  plan.codename = "gentoo";
  CHECK(refused(Fault::usage, rig, plan) == "`gentoo` is no distribution that mlpack knows");
}
