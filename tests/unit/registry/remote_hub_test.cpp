#include "registry/remote_hub.h"

#include "registry/remote_hub_listing.h"
#include "tests/unit/registry/remote_hub_rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a hub's revision is pinned to its commit, and its files are listed page by page") {
  Hub hub;
  const RemoteListing listing = hub.open("@refs/pr/1")->list();
  CHECK(listing.revision == commit);
  REQUIRE(listing.files.size() == 2);
  CHECK(listing.files[0].path == "a/README.md");
  CHECK(listing.files[0].git_sha1 == readme_git);
  CHECK(listing.files[0].size == 5);
  CHECK(listing.files[1].path == "model.safetensors");
  CHECK(listing.files[1].sha256 == Digest::of(weights));
  CHECK(listing.files[1].version == commit);
  CHECK(hub.net.seen()[0].url ==
        "https://hub.example.com/api/models/acme/tiny/revision/refs%2Fpr%2F1");
  CHECK(hub.net.seen()[1].url ==
        "https://hub.example.com" + api + "/tree/" + commit + "?recursive=true&expand=false");
}

TEST_CASE("a commit needs no look-up") {
  Hub hub;
  CHECK(hub.open("@" + commit)->list().revision == commit);
  CHECK(hub.net.seen().size() == 2);
}

TEST_CASE("a link to another host brings its page from the hub that was asked") {
  Hub hub;
  hub.links = "https://elsewhere.example.com";
  CHECK(hub.open()->list().files.size() == 2);
  CHECK(hub.net.seen().back().url ==
        "https://hub.example.com" + api + "/tree/" + commit + "?cursor=2");
}

TEST_CASE("the token goes to the hub and to nobody else") {
  Hub hub;
  hub.open()->list();
  read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink);
  CHECK(hub.sink.text == weights);
  for (const Seen& seen : hub.net.seen()) {
    const bool own = seen.url.starts_with("https://hub.example.com/");
    CHECK(seen.headers.find("Authorization").value_or("") == (own ? "Bearer hf_secret" : ""));
  }
}

TEST_CASE("a file goes on where the connection broke, however often it breaks") {
  Hub hub;
  hub.net.fault({.match = "cdn.example.com", .times = 15, .then = [](Response response) {
                   const BodyText body = read_body(*response.body, 100);
                   Response cut = reply(response.status, {}, body.text, 1);
                   cut.headers = response.headers;
                   return cut;
                 }});
  read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink);
  CHECK(hub.sink.text == weights);
  CHECK(hub.net.seen().back().headers.find("Range") == "bytes=15-21");
  CHECK(hub.rig.waits == std::vector<double>(15, 0.5));
}

TEST_CASE("a connection that breaks without a byte is given up after ten attempts") {
  Hub hub;
  hub.net.fault({.match = "cdn.example.com", .times = 100, .instead = [](const Seen&) {
                   return no_answer();
                 }});
  const Error error =
      error_of([&] { read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink); });
  CHECK(error.fault() == Fault::network);
  CHECK(hub.rig.waits.size() == 9);
}

TEST_CASE("a server that knows no ranges is read from the front") {
  Hub hub;
  hub.net.serve("https://cdn.example.com", [](const Seen&) { return reply(200, {}, weights); });
  hub.net.fault({.match = "cdn.example.com",
                 .instead = [](const Seen&) { return reply(200, {}, weights, 7); }});
  read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink);
  CHECK(hub.sink.text == weights);
  hub.sink.text.clear();
  read_from(*hub.open(), hub.model(), 4, 7, hub.sink);
  CHECK(hub.sink.text == "weights");
}

TEST_CASE("a part of a file is asked for by its range") {
  Hub hub;
  read_from(*hub.open(), hub.model(), 4, 7, hub.sink);
  CHECK(hub.sink.text == "weights");
  CHECK(hub.net.seen().back().headers.find("Range") == "bytes=4-10");
}

TEST_CASE("other bytes than those listed are an integrity failure, and the last are held back") {
  Hub hub;
  hub.content[0] = 'T';
  const Error error =
      error_of([&] { read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "`model.safetensors` of `hf://acme/tiny` should have sha256 `" + Digest::of(weights).hex() +
            "`, and has `" + Digest::of(hub.content).hex() + "`");
  CHECK(hub.sink.text.empty());
}

TEST_CASE("another size than the one listed is an integrity failure before a byte is read") {
  Hub hub;
  hub.content += "!";
  const Error error =
      error_of([&] { read_from(*hub.open(), hub.model(), 0, weights.size(), hub.sink); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "cannot fetch `model.safetensors` of `hf://acme/tiny`: it should have 22 bytes, and "
        "`cdn.example.com` says 23");
}

TEST_CASE("a hub that announces another file than it listed is caught before the redirect") {
  for (const std::size_t lie : {0U, 1U, 2U}) {
    Hub hub;
    hub.linked[lie].second =
        std::vector<std::string>{std::string(40, 'c'), "23", std::string(64, 'd')}[lie];
    CHECK(error_of([&] { read_from(*hub.open(), hub.model(), 0, 22, hub.sink); }).fault() ==
          Fault::integrity);
    CHECK(hub.net.seen().size() == 1);
  }
}

TEST_CASE("a small file is held against its git hash") {
  Hub hub;
  const RemoteFile file = hub.open()->list().files[0];
  read_from(*hub.open(), file, 0, file.size, hub.sink);
  CHECK(hub.sink.text == readme);
  RemoteFile other = file;
  other.git_sha1 = std::string(40, 'e');
  const Error error = error_of([&] { read_from(*hub.open(), other, 0, file.size, hub.sink); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "`a/README.md` of `hf://acme/tiny` should have the git hash `" + std::string(40, 'e') +
            "`, and has `" + readme_git + "`");
}

TEST_CASE("a public hub does not lead into a private network") {
  Hub hub;
  hub.net.serve(
      "https://cdn.example.com", [](const Seen&) { return reply(200, {}, weights); }, "10.0.0.1");
  const Error error = error_of([&] { read_from(*hub.open(), hub.model(), 0, 22, hub.sink); });
  CHECK(error.fault() == Fault::refused);
  CHECK(hub.rig.waits.empty());
}

TEST_CASE("a page whose connection breaks is asked for again") {
  Hub hub;
  const std::string page = hub.pages[0];
  hub.net.fault({.match = "/tree/", .times = 2, .instead = [page](const Seen&) {
                   return reply(200, {}, page, 10);
                 }});
  CHECK(hub.open()->list().files.size() == 2);
}

TEST_CASE("a hub below a path is spoken to there") {
  Hub hub;
  hub.environment["HF_ENDPOINT"] = "https://mirror.example.com/api/hf/";
  hub.net.serve("https://mirror.example.com", [](const Seen&) {
    return reply(404, {{"X-Error-Code", "RepoNotFound"}});
  });
  error_of([&] { hub.open()->list(); });
  CHECK(hub.net.lines() ==
        std::vector<std::string>{"GET /api/hf/api/models/acme/tiny/revision/main"});
}

TEST_CASE("the next page is found in any form of a Link header") {
  const Url url = Url::parse("https://h.example.com/a").value();
  const auto query = [&](const std::string& value) {
    Headers headers;
    headers.add("link", value);
    return next_page_query(url, headers).value_or("none");
  };
  CHECK(query("<https://x.example.com/b?c=1,2>; rel=\"next\"") == "?c=1,2");
  CHECK(query("</p?c=1>; rel=prev, </n?c=2>; rel=next") == "?c=2");
  CHECK(query("</n?c=2>; rel=\"last\"") == "none");
  CHECK(query("</n>; rel=\"next\"") == "none");
  CHECK(query("<") == "none");
}

TEST_CASE("a stop ends a download") {
  Hub hub;
  FunctionSink sink([&](Bytes) { hub.rig.stop.request(Fault::interrupted); });
  hub.net.fault({.match = "cdn.example.com",
                 .instead = [](const Seen&) { return reply(200, {}, weights, 5); }});
  CHECK(error_of([&] { read_from(*hub.open(), hub.model(), 0, 22, sink); }).fault() ==
        Fault::interrupted);
}
