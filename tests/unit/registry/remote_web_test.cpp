#include "registry/remote_open.h"
#include "tests/unit/registry/remote_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string web_weights = "the weights of a model";
const std::string web_url = "https://files.example.com/x/model%201.gguf";

struct Web : RemoteRig {
  std::string content = web_weights;
  std::string tag = "\"v1\"";

  Web() {
    net.serve("https://files.example.com", [this](const Seen& seen) {
      if (seen.method != "HEAD") return ranged(seen, content, {{"ETag", tag}});
      return reply(200, {{"ETag", tag}, {"Content-Length", std::to_string(content.size())}});
    });
  }
  std::unique_ptr<RemoteSource> open(const std::string& more = "") {
    return open_remote(web_url + more, context());
  }
  std::string text_of(const RemoteFile& file, RemoteSource& source) {
    read_from(source, file, 0, file.size, sink);
    return sink.text;
  }
};

}  // namespace

TEST_CASE("a file is listed by its URL, and fetched") {
  Web web;
  const std::string digest = Digest::of(web_weights).hex();
  const auto source = web.open("#sha256=" + digest);
  const RemoteListing listing = source->list();
  CHECK(listing.revision == "sha256:" + digest);
  REQUIRE(listing.files.size() == 1);
  CHECK(listing.files[0].path == "model 1.gguf");
  CHECK(listing.files[0].size == web_weights.size());
  CHECK(listing.files[0].sha256 == Digest::of(web_weights));
  CHECK(web.text_of(listing.files[0], *source) == web_weights);
}

TEST_CASE("without a digest the ETag is what a file is pinned to") {
  Web web;
  const auto source = web.open("?Signature=secret");
  const RemoteListing listing = source->list();
  CHECK(listing.revision == "\"v1\"");
  CHECK(source->name() == web_url);
  web.tag = "\"v2\"";
  const Error error = error_of([&] { web.text_of(listing.files[0], *source); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "cannot fetch `" + web_url + "`: it changed since it was listed");
}

TEST_CASE("a file that changes while it is fetched is not spliced from two") {
  Web web;
  const auto source = web.open();
  const RemoteFile file = source->list().files[0];
  web.net.fault({.match = "GET", .then = [&](Response) {
                   web.tag = "\"v2\"";
                   return reply(200, {{"ETag", "\"v1\""}}, web_weights, 5);
                 }});
  CHECK(error_of([&] { web.text_of(file, *source); }).fault() == Fault::integrity);
  CHECK(web.net.seen().back().headers.find("If-Range") == "\"v1\"");
  CHECK(web.net.seen().back().headers.find("Range") == "bytes=5-21");
}

TEST_CASE("a server that refuses HEAD is asked for the first byte") {
  Web web;
  web.net.fault({.match = "HEAD", .instead = [](const Seen&) { return reply(403); }});
  CHECK(web.open()->list().files[0].size == web_weights.size());
  CHECK(web.net.seen().back().headers.find("Range") == "bytes=0-0");
  web.net.serve("https://files.example.com", [](const Seen& seen) {
    return reply(seen.method == "HEAD" ? 405 : 200, {}, web_weights);
  });
  CHECK(web.open()->list().files[0].size == web_weights.size());
}

TEST_CASE("other bytes than those of the digest are an integrity failure") {
  Web web;
  const auto source = web.open("#sha256=" + std::string(64, 'a'));
  const RemoteFile file = source->list().files[0];
  CHECK(error_of([&] { web.text_of(file, *source); }).fault() == Fault::integrity);
  CHECK(web.sink.text.empty());
}

TEST_CASE("a server that says no size, no file, or a page") {
  Web web;
  web.net.serve("https://files.example.com", [](const Seen&) {
    return reply(200, {{"Content-Length", "x"}}, web_weights);
  });
  CHECK(std::string(error_of([&] { web.open()->list(); }).what()) ==
        "cannot find `" + web_url + "`: `files.example.com` does not say how large it is");
  web.net.serve("https://files.example.com", [](const Seen&) { return reply(404); });
  CHECK(error_of([&] { web.open()->list(); }).fault() == Fault::refused);
  web.net.serve("https://files.example.com", [](const Seen&) { return reply(401); });
  CHECK(error_of([&] { web.open()->list(); }).fault() == Fault::auth);
  web.net.serve("https://files.example.com", [](const Seen&) {
    return reply(200, {{"Content-Type", "text/html; charset=utf-8"}}, "<html>");
  });
  CHECK(std::string(error_of([&] { web.open()->list(); }).what()) ==
        "`" + web_url + "` is a web page, not a file of weights");
}

TEST_CASE("sources that are no file's URL are refused without a secret") {
  Web web;
  for (const char* bad : {"https://files.example.com/",
                          "https://files.example.com/a#sha256=1",
                          "https://files.example.com/a#md5=1",
                          "https://bob:secret@files.example.com/a",
                          "http://files.example.com/a",
                          "https://files.example.com/a%2Fb",
                          "ftp://x/y"}) {
    CAPTURE(bad);
    const Error error = error_of([&] { open_remote(bad, web.context()); });
    CHECK(error.fault() == Fault::usage);
    CHECK(std::string(error.what()).find("secret") == std::string::npos);
  }
  CHECK(error_of([&] { open_remote("https://files.example.com/%2e%2e", web.context()); }).fault() ==
        Fault::integrity);
}
