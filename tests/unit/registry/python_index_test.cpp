#include "registry/python_index.h"

#include "registry/remote_web.h"
#include "tests/unit/registry/remote_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string index_digest(64, 'a');

// An index on its server, which answers one page.
struct IndexServer : RemoteRig {
  explicit IndexServer(int status, const std::string& type = "", const std::string& body = "") {
    net.serve("https://i.example", [=](const Seen&) {
      return reply(status, {{"Content-Type", type}}, body);
    });
  }
  std::optional<std::vector<IndexFile>> files(
      const std::string& url = "https://i.example/simple/") {
    return PythonIndex(context(), url, PythonIndex::Kind::index).files("x");
  }
  std::string failure(const std::string& url = "https://i.example/simple") {
    const Error error = error_of([&] { files(url); });
    return std::to_string(static_cast<int>(error.fault())) + ": " + error.what();
  }
};

constexpr const char* json_type = "application/vnd.pypi.simple.v1+json";

}  // namespace

TEST_CASE("an index says as JSON what it has of a project") {
  IndexServer server(200,
                     json_type,
                     R"({"meta": {"api-version": "1.0"}, "name": "x", "files": [
    {"filename": "x-1-py3-none-any.whl", "url": "../../files/x-1-py3-none-any.whl#y", "hashes": {"sha256": ")" +
                         index_digest +
                         R"("}, "size": 7, "yanked": "broken", "requires-python": ">=3.8"},
    {"filename": "x-2.tar.gz", "url": "https://f.example/x-2.tar.gz", "hashes": {}, "yanked": false}, 7, {"url": 3}]})");
  const auto files = server.files();
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].url.text() == "https://i.example/files/x-1-py3-none-any.whl");
  CHECK((*files)[0].sha256 == Digest::from_hex(index_digest));
  CHECK((*files)[0].size == 7);
  CHECK((*files)[0].yanked == IndexFile::Yanked::yes);
  CHECK((*files)[0].requires_python == ">=3.8");
  CHECK((*files)[1].requires_python.empty());
  CHECK_FALSE((*files)[1].sha256);
  CHECK((*files)[1].yanked == IndexFile::Yanked::no);
  CHECK(server.net.lines() == std::vector<std::string>{"GET /simple/x/"});
}

TEST_CASE("an index says as HTML what it has of a project") {
  IndexServer server(200,
                     "text/html; charset=utf-8",
                     "<!DOCTYPE html><html><body><abbr>x</abbr><a>no</a>"
                     "<A class=q HREF='x%2B1-1-py3-none-any.whl?a=1&amp;b=2#sha256=" +
                         index_digest +
                         "' data-yanked data-requires-python='&gt;=3.8'>x</A><a "
                         "href=\"https://f.example/y.whl\"/><a href=");
  const auto files = server.files("https://u:p%40@i.example/simple");
  REQUIRE(files);
  REQUIRE(files->size() == 2);
  CHECK((*files)[0].name == "x+1-1-py3-none-any.whl");
  CHECK((*files)[0].url.text() == "https://i.example/simple/x/x%2B1-1-py3-none-any.whl?a=1&b=2");
  CHECK((*files)[0].sha256 == Digest::from_hex(index_digest));
  CHECK((*files)[0].yanked == IndexFile::Yanked::yes);
  CHECK((*files)[0].requires_python == ">=3.8");
  CHECK(server.net.seen()[0].headers.find("Authorization") == "Basic dTpwQA==");
}

TEST_CASE("an index that fails is told without its password") {
  CHECK_FALSE(IndexServer(404).files());
  CHECK(IndexServer(401).failure("https://u:s3cr3t@i.example/s") ==
        "4: cannot list `https://i.example/s/x/`: `i.example` replied 401");
  CHECK(IndexServer(418).failure() ==
        "5: cannot list `https://i.example/simple/x/`: `i.example` replied 418");
  CHECK(IndexServer(500).failure() ==
        "5: cannot list `https://i.example/simple/x/`: `i.example` replied 500");
  CHECK(IndexServer(200, json_type, "{").failure() ==
        "5: what `https://i.example/simple` answers is no list of files");
  CHECK(IndexServer(200, json_type, "[]").failure() ==
        "5: what `https://i.example/simple` answers is no list of files");
  CHECK(IndexServer(200, "image/png", "x").failure() ==
        "5: cannot list `https://i.example/simple/x/`: what answers is no package index");
  CHECK(IndexServer(200).failure("https://u:s3cr3t@[") ==
        "2: the URL of a package index cannot be read");
  CHECK(IndexServer(200).failure("http://i.example/s").find("s3cr3t") == std::string::npos);
  CHECK(IndexServer(200).failure("http://i.example/s").starts_with("2: "));
}

TEST_CASE("credentials go to the server that they are for, and to no other") {
  RemoteRig rig;
  rig.net.serve("https://i.example", [](const Seen&) {
    return reply(302, {{"Location", "https://cdn.example/x.whl"}});
  });
  rig.net.serve("https://cdn.example", [](const Seen& seen) { return ranged(seen, "wheel"); });
  WebSource source(
      rig.context(), "https://i.example/x.whl#sha256=" + Digest::of("wheel").hex(), "Basic dTpw");
  read_from(source, {.path = "x.whl", .size = 5, .sha256 = Digest::of("wheel")}, 0, 5, rig.sink);
  CHECK(rig.sink.text == "wheel");
  const auto seen = rig.net.seen();
  CHECK(seen.at(0).headers.find("Authorization") == "Basic dTpw");
  CHECK_FALSE(seen.at(1).headers.find("Authorization"));
}

TEST_CASE("a URL is parted from its user name and password") {
  CHECK(split_credentials("https://token@h.example/x").value().authorization == "Basic dG9rZW46");
  CHECK(split_credentials("https://h.example/a@b").value().authorization.empty());
  CHECK(split_credentials("https://u:p@h.example:8/x?y").value().url.text() ==
        "https://h.example:8/x?y");
  for (const char* text : {"", "x", "ftp://h.example", "https://", "https://u:p@"}) {
    CAPTURE(text);
    CHECK_FALSE(split_credentials(text));
  }
}
