#include "layers/deb_sources.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

using Texts = std::vector<std::string>;
using Sources = std::vector<AptSource>;

TEST_CASE("a line of sources.list is a source") {
  CHECK(parse_sources_list("deb http://a.test/debian bookworm main contrib\n") ==
        Sources{{{"http://a.test/debian"}, {"bookworm"}, {"main", "contrib"}, {}, ""}});
  CHECK(parse_sources_list("\t deb\thttp://a.test/debian\tbookworm  main # the first\r\n") ==
        Sources{{{"http://a.test/debian"}, {"bookworm"}, {"main"}, {}, ""}});
}

TEST_CASE("the options of a line are read, those that nobody needs passed over") {
  CHECK(parse_sources_list("deb [arch=amd64,arm64 signed-by=/k/a.gpg trusted=yes] http://a.test/d "
                           "bookworm main\n") ==
        Sources{{{"http://a.test/d"}, {"bookworm"}, {"main"}, {"amd64", "arm64"}, "/k/a.gpg"}});
  CHECK(parse_sources_list("deb [ arch=i386 ] http://a.test/d bookworm main\n") ==
        Sources{{{"http://a.test/d"}, {"bookworm"}, {"main"}, {"i386"}, ""}});
}

TEST_CASE("lines that are no source of binary packages are passed over") {
  CHECK(parse_sources_list("# deb http://a.test/d bookworm main\n\n"
                           "deb-src http://a.test/d bookworm main\n"
                           "deb [arch=amd64 http://a.test/d bookworm main\n"
                           "deb http://a.test/d ./\ndebris http://a.test/d bookworm main\n")
            .empty());
}

TEST_CASE("a paragraph in deb822 style is a source") {
  CHECK(parse_deb822_sources("Types: deb deb-src\nURIs: http://a.test/debian http://b.test/debian\n"
                             "Suites: bookworm bookworm-updates\nComponents: main\n contrib\n"
                             "Architectures: amd64\nSigned-By: /k/a.gpg\n") ==
        Sources{{{"http://a.test/debian", "http://b.test/debian"},
                 {"bookworm", "bookworm-updates"},
                 {"main", "contrib"},
                 {"amd64"},
                 "/k/a.gpg"}});
}

TEST_CASE("paragraphs that are disabled, or of sources only, are left out") {
  const std::string rest = "URIs: http://a.test/debian\nSuites: bookworm\nComponents: main\n";
  for (const char* off : {"no", "No", "false", "0"}) {
    CHECK(parse_deb822_sources(std::string("Enabled: ") + off + "\nTypes: deb\n" + rest).empty());
  }
  CHECK(parse_deb822_sources("Enabled: yes\nTypes: deb\n" + rest).size() == 1);
  CHECK(parse_deb822_sources("Types: deb-src\n" + rest).empty());
  CHECK(parse_deb822_sources("# Types: deb\n" + rest).empty());
  CHECK(parse_deb822_sources("Types: deb\n" + rest + "\nTypes: deb\n" + rest).size() == 2);
}

TEST_CASE("apt's files are read in apt's order, others not at all") {
  const TempDir apt;
  const auto line = [](const std::string& name) {
    return "deb http://" + name + ".test/d bookworm main\n";
  };
  apt.write("sources.list", line("first"));
  apt.write("sources.list.d/b.list", line("third"));
  apt.write("sources.list.d/a.sources",
            "Types: deb\nURIs: http://second.test/d\nSuites: bookworm\nComponents: main\n");
  apt.write("sources.list.d/c.list.save", line("saved"));
  apt.write("sources.list.d/README", line("readme"));
  Texts found;
  for (const AptSource& source : read_apt_sources(apt.path()))
    found.push_back(source.uris.front());
  CHECK(found == Texts{"http://first.test/d", "http://second.test/d", "http://third.test/d"});
}

TEST_CASE("a machine without apt has no sources") {
  const TempDir apt;
  CHECK(read_apt_sources(apt.path()).empty());
  CHECK(read_apt_sources(apt / "missing").empty());
}
