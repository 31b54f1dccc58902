#include "layers/deb_alternatives.h"
#include "tests/unit/debs/support.h"

#include <doctest/doctest.h>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Links = std::map<std::string, std::string>;

std::vector<Alternative> read(const std::string& postinst) {
  return read_alternatives(postinst, "vim", "amd64", [](const std::string& path) {
    return path == "/usr/bin/vim.basic";
  });
}

std::string unreadable(const std::string& postinst) {
  return failure(Fault::incompatible, [&] { read(postinst); });
}

std::string refusal(const std::string& what) {
  return "its postinst has an `update-alternatives --install` that " + what +
         " | links made by such a script cannot be known without running it; use a base image "
         "that has the package, or another package";
}

Alternative editor(const std::string& path, int priority) {
  return {"/usr/bin/editor", "editor", path, priority, {}};
}

// The links where nothing but `there` exists.
Links links(const std::vector<Alternative>& alternatives, const std::set<std::string>& there) {
  return alternative_links(alternatives,
                           [&](const std::string& path) { return there.count(path) != 0; });
}

}  // namespace

TEST_CASE("an alternative is read with its priority and slaves") {
  const auto found = read(
      "#!/bin/sh\nset -e\nif [ \"$1\" = \"configure\" ]; then\n"
      "  update-alternatives --quiet --install /usr/bin/editor editor /usr/bin/vim.basic 30 \\\n"
      "    --slave /usr/share/man/man1/editor.1.gz editor.1.gz /usr/share/man/man1/vim.1.gz \\\n"
      "    --slave /usr/share/man/de/man1/editor.1.gz editor.de.1.gz /usr/share/man/de/vim.1.gz\n"
      "fi\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].link == "/usr/bin/editor");
  CHECK(found[0].name == "editor");
  CHECK(found[0].path == "/usr/bin/vim.basic");
  CHECK(found[0].priority == 30);
  REQUIRE(found[0].slaves.size() == 2);
  CHECK(found[0].slaves[0] == AlternativeSlave{"/usr/share/man/man1/editor.1.gz",
                                               "editor.1.gz",
                                               "/usr/share/man/man1/vim.1.gz"});
  CHECK(found[0].slaves[1].name == "editor.de.1.gz");
}

TEST_CASE("loops, functions and variables make as many alternatives as they would") {
  const auto found = read(
      "add() {\n  update-alternatives --install /usr/bin/$1 $1 $DPKG_ROOT/usr/bin/vim.basic -5\n}\n"
      "case \"$1\" in\n  configure|abort-upgrade)\n    for i in vi view; do add $i; done\n    ;;\n"
      "esac\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0] == Alternative{"/usr/bin/vi", "vi", "/usr/bin/vim.basic", -5, {}});
  CHECK(found[1] == Alternative{"/usr/bin/view", "view", "/usr/bin/vim.basic", -5, {}});
}

TEST_CASE("the package and the architecture are known to the script") {
  const auto found = read(
      "update-alternatives --install /usr/bin/x x "
      "/usr/lib/$DPKG_MAINTSCRIPT_PACKAGE/$(dpkg --print-architecture) 1\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == "/usr/lib/vim/amd64");
}

TEST_CASE("calls that install nothing are passed over, and equal ones are one") {
  CHECK(read("update-alternatives --remove editor $(x)\nupdate-alternatives --auto editor\n")
            .empty());
  CHECK(read("echo nothing here\n").empty());
  CHECK(read("").empty());
  const std::string call = "update-alternatives --install /usr/bin/x x /usr/bin/y 1\n";
  CHECK(read(call + call).size() == 1);
  CHECK(read("#!/usr/bin/perl\nno alternatives\n").empty());
}

TEST_CASE("a call that needs the script to run is said") {
  const std::string depends = refusal("depends on what the script finds when it runs");
  CHECK(unreadable("update-alternatives --install /usr/bin/x x /lib/$(uname -r)/x 1\n") == depends);
  CHECK(unreadable("p=`getconf PRIORITY`\n"
                   "update-alternatives --install /usr/bin/x x /usr/bin/y $p\n") == depends);
  CHECK(unreadable("for i in /usr/bin/*.x; do update-alternatives --install $i x /usr/bin/y 1; "
                   "done\n") == depends);
}

TEST_CASE("a call that is malformed is said") {
  const std::string call = "update-alternatives --install ";
  CHECK(unreadable(call + "/usr/bin/x x /usr/bin/y\n") == refusal("ends too early"));
  CHECK(unreadable(call + "/usr/bin/x x /usr/bin/y 1 --slave /a b\n") == refusal("ends too early"));
  CHECK(unreadable(call + "/usr/bin/x x /usr/bin/y high\n") == refusal("has the priority `high`"));
  CHECK(unreadable(call + "/usr/bin/x x /usr/bin/y 99999999999\n") ==
        refusal("has the priority `99999999999`"));
  CHECK(unreadable(call + "bin/x x /usr/bin/y 1\n") == refusal("names `bin/x` as a path"));
  CHECK(unreadable(call + "/usr/../x x /usr/bin/y 1\n") == refusal("names `/usr/../x` as a path"));
  CHECK(unreadable(call + "/usr/bin/x a/b /usr/bin/y 1\n") ==
        refusal("names `a/b` as an alternative"));
  CHECK(unreadable(call + "/usr/bin/x x /usr/bin/y 1 2\n") ==
        refusal("has `2` where an option should be"));
}

TEST_CASE("a script that is no shell, or does not end, is said") {
  const std::string call = "update-alternatives --install /usr/bin/x x /usr/bin/y 1\n";
  CHECK(unreadable("#!/usr/bin/perl\n" + call) == refusal("is not plain shell"));
  CHECK(unreadable(call + "echo 'open\n") == refusal("is not plain shell"));
}

TEST_CASE("a link leads through /etc/alternatives to the highest priority") {
  CHECK(links({editor("/usr/bin/nano", 40), editor("/usr/bin/vim", 50), editor("/usr/bin/ed", -1)},
              {"/usr/bin/nano", "/usr/bin/vim", "/usr/bin/ed"}) ==
        Links{{"/usr/bin/editor", "/etc/alternatives/editor"},
              {"/etc/alternatives/editor", "/usr/bin/vim"}});
}

TEST_CASE("of equal priorities the first is taken") {
  CHECK(links({editor("/usr/bin/nano", 40), editor("/usr/bin/vim", 40)},
              {"/usr/bin/nano", "/usr/bin/vim"})
            .at("/etc/alternatives/editor") == "/usr/bin/nano");
}

TEST_CASE("an alternative whose target is missing is none, whatever its priority") {
  const std::vector<Alternative> both{editor("/usr/bin/nano", 1), editor("/usr/bin/vim", 50)};
  CHECK(links(both, {"/usr/bin/nano"}).at("/etc/alternatives/editor") == "/usr/bin/nano");
  CHECK(links(both, {}).empty());
}

TEST_CASE("slaves follow the master that was chosen, those without target are left out") {
  Alternative vim = editor("/usr/bin/vim", 50);
  vim.slaves = {{"/man/editor.1", "editor.1", "/man/vim.1"},
                {"/man/de/editor.1", "editor.de.1", "/man/de/vim.1"}};
  Alternative nano = editor("/usr/bin/nano", 40);
  nano.slaves = {{"/man/editor.1", "editor.1", "/man/nano.1"}};
  CHECK(links({vim, nano}, {"/usr/bin/vim", "/usr/bin/nano", "/man/vim.1", "/man/nano.1"}) ==
        Links{{"/usr/bin/editor", "/etc/alternatives/editor"},
              {"/etc/alternatives/editor", "/usr/bin/vim"},
              {"/man/editor.1", "/etc/alternatives/editor.1"},
              {"/etc/alternatives/editor.1", "/man/vim.1"}});
}
