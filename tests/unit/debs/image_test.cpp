#include "layers/deb_image.h"
#include "layers/deb_image_layer.h"
#include "layers/deb_units.h"
#include "layers/image_root.h"
#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::optional<LayerRecipe> install_on_image(const ImagePackages& wanted,
                                            const RootPaths& root,
                                            const DebianContext& context) {
  return layer_on_image(resolve_on_image(wanted, root, context), root, context);
}

using Texts = std::vector<std::string>;

const std::string libc_paragraph =
    "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\n"
    "Version: 2.36\nProvides: libc6-any\n";

// A Debian 12 with dpkg's database in it, merged.
std::vector<RecipeEntry> debian_files() {
  return {link_entry("bin", "usr/bin"),
          folder_entry("etc"),
          text_entry("etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n"),
          text_entry("etc/passwd", "root:x:0:0::/root:/bin/bash\n"),
          link_entry("lib", "usr/lib"),
          folder_entry("usr"),
          folder_entry("usr/bin"),
          folder_entry("usr/lib"),
          text_entry("usr/lib/libc.so.6", ""),
          folder_entry("var"),
          folder_entry("var/lib"),
          folder_entry("var/lib/dpkg"),
          folder_entry("var/lib/dpkg/info"),
          text_entry("var/lib/dpkg/info/format", "1\n"),
          text_entry("var/lib/dpkg/status", libc_paragraph)};
}

// The same with more files, or others in their places.
RootPaths debian_with(std::vector<RecipeEntry> more) {
  LayerListing lower;
  LayerListing upper;
  lower.entries = debian_files();
  upper.entries = std::move(more);
  return stack_layers({lower, upper});
}

RootPaths root_with(std::vector<RecipeEntry> entries) {
  LayerListing layer;
  layer.entries = std::move(entries);
  return stack_layers({layer});
}

LayerRecipe layer_of(const std::vector<TestDeb>& debs, const RootPaths& root) {
  DebianRig rig;
  return assemble_on_image(read_packages(rig.plan_of(debs), rig.context), root);
}

Texts paths_of(const LayerRecipe& recipe) {
  Texts paths;
  for (const RecipeEntry& entry : recipe.entries)
    paths.push_back(entry.path);
  return paths;
}

const RecipeEntry* find_entry(const LayerRecipe& recipe, const std::string& path) {
  const auto found = std::find_if(recipe.entries.begin(),
                                  recipe.entries.end(),
                                  [&](const RecipeEntry& entry) { return entry.path == path; });
  return found == recipe.entries.end() ? nullptr : &*found;
}

std::string text_of(const LayerRecipe& recipe, const std::string& path) {
  const RecipeEntry* entry = find_entry(recipe, path);
  REQUIRE_MESSAGE(entry != nullptr, path);
  return std::get<std::string>(entry->content);
}

std::string codename_failure(const std::string& os_release) {
  return failure(Fault::incompatible, [&] {
    codename_of_image(root_with({text_entry("etc/os-release", os_release)}), "b:1");
  });
}

// Packages for a base, from a repository.
struct Installation {
  Installation() { rig.context.environment_mirror = "http://mirror.test/debian"; }
  std::optional<LayerRecipe> install(const Texts& packages, const RootPaths& root) {
    rig.repository.publish(key);
    rig.context.keyrings = {key.keyring()};
    return install_on_image({"b:1", rig.base.platform, packages}, root, rig.context);
  }
  DebianRig rig;
  SigningKey key;
};

}  // namespace

TEST_CASE("packages on an image are one layer, and dpkg's database knows old and new") {
  const LayerRecipe layer = layer_of({{.name = "libgomp1",
                                       .fields = "Multi-Arch: same\n",
                                       .files = {folder_entry("usr"),
                                                 folder_entry("usr/lib"),
                                                 text_entry("usr/lib/libgomp.so.1", "gomp")}}},
                                     debian_with({}));
  CHECK(layer.role == Role::system);
  CHECK(layer.name == "packages");
  CHECK(paths_of(layer) == Texts{"usr",
                                 "usr/lib",
                                 "usr/lib/libgomp.so.1",
                                 "var",
                                 "var/lib",
                                 "var/lib/dpkg",
                                 "var/lib/dpkg/status",
                                 "var/lib/dpkg/info",
                                 "var/lib/dpkg/info/libgomp1:amd64.list"});
  CHECK(text_of(layer, "var/lib/dpkg/status") ==
        libc_paragraph +
            "\nPackage: libgomp1\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n"
            "Multi-Arch: same\n\n");
  CHECK(text_of(layer, "var/lib/dpkg/info/libgomp1:amd64.list") ==
        "/.\n/usr\n/usr/lib\n/usr/lib/libgomp.so.1\n");
}

TEST_CASE("a package that left only its configuration is installed anew") {
  const std::string gone =
      "Package: app\nStatus: deinstall ok config-files\nVersion: 0\nArchitecture: amd64\n";
  const LayerRecipe layer =
      layer_of({{.name = "app", .version = "2"}},
               debian_with({text_entry("var/lib/dpkg/status", gone + "\n" + libc_paragraph)}));
  CHECK(text_of(layer, "var/lib/dpkg/status") ==
        libc_paragraph +
            "\nPackage: app\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n\n");
  CHECK(find_entry(layer, "var/lib/dpkg/info/app.list") != nullptr);
}

TEST_CASE("an image without dpkg lists its packages one by one") {
  const RootPaths root =
      root_with({text_entry("var/lib/dpkg/status.d/libc6", "Package: libc6\nVersion: 2.36\n")});
  const LayerRecipe layer = layer_of({{.name = "app"}}, root);
  CHECK(text_of(layer, "var/lib/dpkg/status.d/app") ==
        "Package: app\nVersion: 1\nArchitecture: amd64\n\n");
  CHECK(find_entry(layer, "var/lib/dpkg/status") == nullptr);
  CHECK(find_entry(layer, "var/lib/dpkg/info/app.list") == nullptr);
}

TEST_CASE("files of packages go where the links of the image lead, in its folders as they are") {
  RecipeEntry closed = folder_entry("usr/lib");
  closed.mode = 0711;
  const LayerRecipe layer =
      layer_of({{.name = "x", .files = {folder_entry("lib"), text_entry("lib/x.so", "x")}}},
               debian_with({closed}));
  CHECK(find_entry(layer, "lib") == nullptr);
  CHECK(find_entry(layer, "lib/x.so") == nullptr);
  CHECK(std::get<DebMember>(find_entry(layer, "usr/lib/x.so")->content).member == "lib/x.so");
  CHECK(find_entry(layer, "usr/lib")->mode == 0711);
}

TEST_CASE("an image from before the merge keeps its folders, and one without them gets links") {
  const TestDeb loader{.name = "libc6", .files = {text_entry("lib64/ld.so", "x")}};
  const LayerRecipe before = layer_of({loader}, root_with({folder_entry("lib")}));
  CHECK(find_entry(before, "lib64/ld.so") != nullptr);
  const LayerRecipe none = layer_of({loader}, root_with({folder_entry("etc")}));
  CHECK(*find_entry(none, "lib64") == link_entry("lib64", "usr/lib64"));
  CHECK(find_entry(none, "usr/lib64/ld.so") != nullptr);
  CHECK(find_entry(none, "bin") == nullptr);
}

TEST_CASE("a file of the image is not replaced, and its configuration stays") {
  const TestDeb app{.name = "app",
                    .files = {text_entry("etc/app.conf", "new"), text_entry("usr/bin/app", "new")}};
  const std::string refused = failure(
      Fault::incompatible, [&] { layer_of({app}, debian_with({text_entry("usr/bin/app", "")})); });
  CHECK(refused ==
        "the package `app` would replace `/usr/bin/app` of the base | the base has that "
        "from somewhere else: leave the package out");
  const LayerRecipe layer = layer_of({app}, debian_with({text_entry("etc/app.conf", "")}));
  CHECK(find_entry(layer, "etc/app.conf") == nullptr);
  CHECK(find_entry(layer, "usr/bin/app") != nullptr);
}

TEST_CASE("alternatives are added to those of the image, and the best one is linked") {
  const std::string mawk = "/usr/bin/awk\n\n/usr/bin/mawk\n5\n\n";
  const auto image = [&](const std::string& mode) {
    return debian_with({text_entry("usr/bin/mawk", ""),
                        link_entry("usr/bin/awk", "/etc/alternatives/awk"),
                        link_entry("etc/alternatives/awk", "/usr/bin/mawk"),
                        text_entry("var/lib/dpkg/alternatives/awk", mode + "\n" + mawk)});
  };
  const auto awk = [](int priority) {
    return TestDeb{.name = "gawk",
                   .files = {text_entry("usr/bin/gawk", "")},
                   .postinst = "update-alternatives --install /usr/bin/awk awk /usr/bin/gawk " +
                               std::to_string(priority) + "\n"};
  };
  const LayerRecipe better = layer_of({awk(10)}, image("auto"));
  CHECK(find_entry(better, "etc/alternatives/awk")->link == "/usr/bin/gawk");
  CHECK(find_entry(better, "usr/bin/awk") == nullptr);
  CHECK(text_of(better, "var/lib/dpkg/alternatives/awk") ==
        "auto\n/usr/bin/awk\n\n/usr/bin/gawk\n10\n/usr/bin/mawk\n5\n\n");
  const LayerRecipe worse = layer_of({awk(1)}, image("auto"));
  CHECK(find_entry(worse, "etc/alternatives/awk") == nullptr);
  CHECK(text_of(worse, "var/lib/dpkg/alternatives/awk").find("gawk") != std::string::npos);
  CHECK(find_entry(layer_of({awk(10)}, image("manual")), "etc/alternatives/awk") == nullptr);
  const LayerRecipe only = layer_of({awk(10)}, debian_with({}));
  CHECK(find_entry(only, "etc/alternatives/awk")->link == "/usr/bin/gawk");
  CHECK(find_entry(only, "usr/bin/awk")->link == "/etc/alternatives/awk");
}

TEST_CASE("an alternative whose choices nobody wrote down stays as it is") {
  const RootPaths root =
      root_with({text_entry("var/lib/dpkg/status.d/mawk", "Package: mawk\nVersion: 1\n"),
                 link_entry("etc/alternatives/awk", "/usr/bin/mawk")});
  const LayerRecipe layer =
      layer_of({{.name = "gawk",
                 .files = {text_entry("usr/bin/gawk", "")},
                 .postinst = "update-alternatives --install /usr/bin/awk awk /usr/bin/gawk 10\n"}},
               root);
  CHECK(find_entry(layer, "etc/alternatives/awk") == nullptr);
  CHECK(find_entry(layer, "usr/bin/awk") == nullptr);
}

TEST_CASE("CA certificates are added to the bundle of the image") {
  const TestDeb roots{.name = "ca-certificates",
                      .files = {text_entry("usr/share/ca-certificates/m/A.crt", "cert A\n"),
                                text_entry("usr/share/ca-certificates/m/B.crt", "cert B\n")}};
  const std::string path = "etc/ssl/certs/ca-certificates.crt";
  CHECK(text_of(layer_of({roots}, debian_with({})), path) == "cert A\ncert B\n");
  CHECK(text_of(layer_of({roots}, debian_with({text_entry(path, "own\ncert A\n")})), path) ==
        "own\ncert A\ncert B\n");
  CHECK(find_entry(layer_of({roots}, debian_with({text_entry(path, "cert A\ncert B\n")})), path) ==
        nullptr);
  CHECK(find_entry(layer_of({{.name = "app"}}, debian_with({text_entry(path, "own\n")})), path) ==
        nullptr);
}

TEST_CASE("accounts that own files of the packages are there afterwards") {
  RecipeEntry mail = folder_entry("var/mail");
  mail.gid = 8;
  const LayerRecipe layer = layer_of({{.name = "base", .files = {mail}}}, debian_with({}));
  CHECK(text_of(layer, "etc/group") == "mail:x:8:\n");
  CHECK(find_entry(layer, "etc/passwd") == nullptr);
  const LayerRecipe known = layer_of({{.name = "base", .files = {mail}}},
                                     debian_with({text_entry("etc/group", "post:x:8:\n")}));
  CHECK(find_entry(known, "etc/group") == nullptr);
}

TEST_CASE("the distribution of an image is what its os-release says") {
  const auto codename = [](const std::string& text) {
    return codename_of_image(root_with({text_entry("usr/lib/os-release", text),
                                        link_entry("etc/os-release", "../usr/lib/os-release")}),
                             "b:1");
  };
  CHECK(codename("PRETTY_NAME=\"x\"\nID=debian\nVERSION_CODENAME=bookworm\n") == "bookworm");
  CHECK(codename("ID=\"debian\"\nVERSION_ID=\"12\"\n") == "bookworm");
  CHECK(codename("ID=ubuntu\nVERSION_ID='24.04'\nVERSION_CODENAME=noble\n") == "noble");
}

TEST_CASE("a base of another distribution is refused with what was found") {
  const std::string hint = " | take a base of Debian or Ubuntu, or one that has the packages";
  CHECK(codename_failure("ID=alpine\nPRETTY_NAME=\"Alpine Linux v3.20\"\n") ==
        "the base `b:1` is Alpine Linux v3.20, whose packages mlpack cannot install" + hint);
  CHECK(codename_failure("ID=\"rhel\"\nNAME=\"Red Hat\"\n")
            .starts_with("the base `b:1` is Red Hat,"));
  CHECK(codename_failure("ID=debian\nVERSION_CODENAME=buster\nPRETTY_NAME=Debian 10\n") ==
        "the base `b:1` is Debian 10, a release that mlpack does not know | it knows trixie, "
        "bookworm, bullseye, resolute, noble, jammy, focal");
  CHECK(failure(Fault::incompatible, [] { codename_of_image(RootPaths(), "b:1"); }) ==
        "nothing in the base `b:1` says which distribution it is of: it has no /etc/os-release" +
            hint);
}

TEST_CASE("the packages of an image are the installed ones of its architecture") {
  const auto names = [](const RootPaths& root) {
    Texts found;
    for (const std::string& paragraph : packages_of_image(root, "b:1", {"linux", "amd64", ""}))
      found.push_back(paragraph.substr(0, paragraph.find('\n')));
    return found;
  };
  const auto paragraph = [](const std::string& name, const std::string& rest) {
    return "Package: " + name + "\nVersion: 1\n" + rest + "\n\n";
  };
  const std::string status = paragraph("a", "Status: install ok installed\nArchitecture: amd64") +
                             paragraph("b", "Status: deinstall ok config-files") +
                             paragraph("c", "Status: install ok installed\nArchitecture: i386") +
                             paragraph("d", "Status: install ok triggers-pending") +
                             paragraph("e", "Multi-Arch: foreign\nArchitecture: i386");
  CHECK(names(root_with({text_entry("var/lib/dpkg/status", status),
                         text_entry("var/lib/dpkg/status.d/f", paragraph("f", "")),
                         text_entry("var/lib/dpkg/status.d/f.md5sums", "")})) ==
        Texts{"Package: a", "Package: d", "Package: e", "Package: f"});
  CHECK(
      failure(Fault::incompatible, [&] { names(RootPaths()); }) ==
      "the base `b:1` has no list of its packages: nothing is installed by /var/lib/dpkg/status "
      "or /var/lib/dpkg/status.d | without it nobody knows what is missing: take a base that kept "
      "its list");
}

TEST_CASE("only what the image lacks is fetched, and nothing is where it lacks nothing") {
  if (!SigningKey::available()) return;
  Installation work;
  work.rig.repository.add({.name = "libc6", .version = "2.37"});
  work.rig.repository.add({.name = "libz"});
  work.rig.repository.add({.name = "app", .fields = "Depends: libc6 (>= 2.30), libz, libc6-any\n"});
  CHECK(!work.install({"libc6"}, debian_with({})));
  CHECK(work.rig.repository.asked().empty());
  const auto layer = work.install({"app"}, debian_with({}));
  REQUIRE(layer);
  CHECK(text_of(*layer, "var/lib/dpkg/status").find("Package: app\n") != std::string::npos);
  CHECK(text_of(*layer, "var/lib/dpkg/status").find("Package: libz\n") != std::string::npos);
  CHECK(text_of(*layer, "var/lib/dpkg/status").find("Version: 2.37") == std::string::npos);
  work.rig.context.offline = Offline::yes;
  CHECK(work.install({"app"}, debian_with({})) == layer);
}

TEST_CASE("a package of the image that would be replaced is named") {
  if (!SigningKey::available()) return;
  Installation work;
  work.rig.repository.add({.name = "libc6", .version = "2.37"});
  work.rig.repository.add({.name = "app", .fields = "Depends: libc6 (>= 2.37)\n"});
  work.rig.repository.add({.name = "foe", .fields = "Conflicts: libc6\n"});
  work.rig.repository.add({.name = "lost", .fields = "Depends: nowhere\n"});
  const auto failed = [&](const std::string& package) {
    return failure(Fault::incompatible, [&] { work.install({package}, debian_with({})); });
  };
  const std::string hint =
      " | what a base has stays as it is: take a newer build of the base, or packages of its age, "
      "through a mirror that has them";
  CHECK(failed("app") ==
        "`system_packages` would replace packages of the base: `libc6` 2.36 would become 2.37" +
            hint);
  CHECK(failed("foe") ==
        "`system_packages` would replace packages of the base: `libc6` 2.36 would go" + hint);
  CHECK(failed("lost").starts_with("no set of packages satisfies `system_packages`: "));
}

TEST_CASE("without a mirror the variable that names one is told") {
  DebianRig rig;
  const std::string told = failure(Fault::usage, [&] {
    install_on_image({"b:1", rig.base.platform, {"app"}}, debian_with({}), rig.context);
  });
  CHECK(
      told ==
      "nothing says which mirror has the packages of `bookworm` | set MLPACK_DEBIAN_MIRROR to its "
      "URL, or name a `base` that has `app`");
}

TEST_CASE("an alternative of a dependency that the image has is taken before the usual one") {
  if (!SigningKey::available()) return;
  Installation work;
  work.rig.repository.add({.name = "mawk", .fields = "Provides: awk\nPriority: required\n"});
  work.rig.repository.add({.name = "gawk", .fields = "Provides: awk\n"});
  work.rig.repository.add({.name = "app", .fields = "Depends: mawk | gawk, awk\n"});
  const RootPaths root = debian_with(
      {text_entry("var/lib/dpkg/status",
                  "Package: gawk\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n"
                  "Provides: awk\n")});
  const auto layer = work.install({"app"}, root);
  REQUIRE(layer);
  CHECK(text_of(*layer, "var/lib/dpkg/status").find("Package: mawk") == std::string::npos);
}
