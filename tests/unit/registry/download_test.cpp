#include "registry/download.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

constexpr const char* url = "https://files.example.com/pool/a.deb";

// A server of one file, which knows ranges and validators as RFC 9110 has them.
FakeNet::Server file_server(const std::string& text, const std::string& tag = "\"v1\"") {
  return [=](const Seen& seen) {
    const std::string range = seen.headers.find("Range").value_or("");
    if (range.empty() || seen.headers.find("If-Range") != tag) {
      return reply(200, {{"ETag", tag}}, text);
    }
    const std::size_t from = std::stoul(range.substr(6));
    return reply(
        206, {{"Content-Range", "bytes " + std::to_string(from) + "-/*"}}, text.substr(from));
  };
}

struct Downloads {
  Rig rig;
  HttpDownloader downloader{rig.net, rig.options().retry, rig.progress, rig.stop};
  StringSink sink{1000};

  bool get(const std::string& from = url, std::uint64_t limit = 100) {
    return downloader.get(from, limit, sink);
  }
};

}  // namespace

TEST_CASE("a file is fetched by its URL") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello"));
  CHECK(downloads.get());
  CHECK(downloads.sink.text == "hello");
}

TEST_CASE("a file that is not there is no failure") {
  for (const int status : {404, 410}) {
    Downloads downloads;
    downloads.rig.net.serve("https://files.example.com",
                            [&](const Seen&) { return reply(status); });
    CHECK_FALSE(downloads.get());
  }
}

TEST_CASE("a download goes on where it broke, if the file is the same") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello world"));
  downloads.rig.net.fault({.match = url, .instead = [](const Seen&) {
                             return reply(200, {{"ETag", "\"v1\""}}, "hello world", 5);
                           }});
  CHECK(downloads.get());
  CHECK(downloads.sink.text == "hello world");
  CHECK(downloads.rig.net.seen().back().headers.find("Range") == "bytes=5-");
  CHECK(downloads.rig.net.seen().back().headers.find("If-Range") == "\"v1\"");
}

TEST_CASE("without a validator the front is read again") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello world"));
  downloads.rig.net.fault({.match = url, .instead = [](const Seen&) {
                             return reply(200, {{"ETag", "W/\"weak\""}}, "hello world", 5);
                           }});
  CHECK(downloads.get());
  CHECK(downloads.sink.text == "hello world");
  CHECK_FALSE(downloads.rig.net.seen().back().headers.find("Range"));
}

TEST_CASE("a file that grows past its limit is refused") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello"));
  const Error error = error_of([&] { downloads.get(url, 4); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "`https://files.example.com/pool/a.deb` is larger than the 4 bytes expected");
}

TEST_CASE("a server that is busy is asked again, one that refuses is not") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello"));
  downloads.rig.net.fault(
      {.match = url, .times = 3, .instead = [](const Seen&) { return reply(503); }});
  CHECK(downloads.get());
  CHECK(downloads.rig.waits.size() == 3);
  REQUIRE(downloads.rig.progress.lines.size() == 3);
  CHECK(downloads.rig.progress.lines[0].starts_with(
      "the server replied 503; trying to fetch `https://files.example.com/pool/a.deb` again in "));
  downloads.rig.net.fault({.match = url, .instead = [](const Seen&) { return reply(403); }});
  const Error error = error_of([&] { downloads.get(); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "cannot fetch `https://files.example.com/pool/a.deb`: "
        "`files.example.com` replied 403");
}

TEST_CASE("a server that never answers is the network's fault") {
  Downloads downloads;
  CHECK(error_of([&] { downloads.get(); }).fault() == Fault::network);
  CHECK(downloads.rig.waits.size() == 9);
}

TEST_CASE("redirects are followed, but not into clear text") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", file_server("hello"));
  downloads.rig.net.serve("http://old.example.com", [](const Seen&) {
    return reply(301, {{"Location", url}});
  });
  CHECK(downloads.get("http://old.example.com/a.deb"));
  downloads.rig.net.fault({.match = url, .instead = [](const Seen&) {
                             return reply(302, {{"Location", "http://old.example.com/a.deb"}});
                           }});
  CHECK(error_of([&] { downloads.get(); }).fault() == Fault::refused);
}

TEST_CASE("a signature in a query is not shown") {
  Downloads downloads;
  downloads.rig.net.serve("https://files.example.com", [](const Seen&) { return reply(403); });
  const Error error = error_of([&] { downloads.get(std::string(url) + "?signature=secret"); });
  CHECK(std::string(error.what()).find("secret") == std::string::npos);
}

TEST_CASE("a password in a URL is refused and not shown") {
  Downloads downloads;
  const Error error = error_of([&] { downloads.get("https://bob:secret@files.example.com/a"); });
  CHECK(error.fault() == Fault::usage);
  CHECK(std::string(error.what()) == "a URL with a user name in it cannot be fetched");
}

TEST_CASE("file URLs are read from disk") {
  Downloads downloads;
  const TempDir folder;
  folder.write("a b.deb", "hello");
  CHECK(downloads.get("file://" + (folder / "a%20b.deb").string()));
  CHECK(downloads.get("file:" + (folder / "a b.deb").string()));
  CHECK(downloads.sink.text == "hellohello");
  CHECK_FALSE(downloads.get("file://" + (folder / "missing").string()));
  CHECK(error_of([&] { downloads.get("file://" + folder.path().string()); }).fault() ==
        Fault::input);
  CHECK(error_of([&] { downloads.get("file:relative"); }).fault() == Fault::usage);
  CHECK(error_of([&] { downloads.get("file://" + (folder / "a b.deb").string(), 4); }).fault() ==
        Fault::integrity);
}
