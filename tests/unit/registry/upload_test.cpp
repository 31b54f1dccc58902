#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string bytes = "all the weights of a small model";

void upload(Rig& rig) {
  rig.client.upload_blob(rig.at("acme/x"), blob_of(bytes), open_text(bytes));
}

bool arrived(const Rig& rig) {
  return rig.registry.has_blob("acme/x", Digest::of(bytes));
}

// Gives some bytes and then fails, as a file does that was removed.
class BrokenSource : public Source {
 public:
  std::size_t read(std::span<std::byte> buffer) override {
    if (given_++ > 0) fail(Fault::input, "`model.safetensors` is gone");
    buffer[0] = std::byte{'a'};
    return 1;
  }

 private:
  int given_ = 0;
};

}  // namespace

TEST_CASE("a blob goes out in a POST and a PUT, and is looked at when it has arrived") {
  Rig rig;
  std::vector<std::uint64_t> moved;
  rig.client.upload_blob(rig.at("acme/x"), blob_of(bytes), open_text(bytes), [&](std::uint64_t n) {
    moved.push_back(n);
  });
  CHECK(arrived(rig));
  CHECK(rig.net.lines() == std::vector<std::string>{
                               "POST /v2/acme/x/blobs/uploads/",
                               "PUT /v2/acme/x/blobs/uploads/session-1",
                               "HEAD /v2/acme/x/blobs/" + Digest::of(bytes).text().substr(0, 13)});
  CHECK(rig.client.bytes_sent() == bytes.size());
  CHECK(moved.back() == bytes.size());
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("an empty blob is a blob") {
  Rig rig;
  rig.client.upload_blob(rig.at("acme/x"), blob_of(""), open_text(""));
  CHECK(rig.registry.has_blob("acme/x", Digest::of("")));
}

TEST_CASE("a connection that is cut anywhere costs a retry and nothing else") {
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{1}, bytes.size() / 2, bytes.size() - 1, bytes.size()}) {
    Rig rig;
    CAPTURE(at);
    rig.net.fault({.match = "PUT", .cut_request = at});
    upload(rig);
    CHECK(arrived(rig));
    CHECK(rig.net.count("HEAD") == 2);
    CHECK(rig.net.count("POST") == 2);
    CHECK(rig.client.retries() == 1);
  }
}

TEST_CASE("an answer that is lost after the commit is found out by looking") {
  Rig rig;
  rig.net.fault({.match = "PUT", .then = [](Response) { return no_answer(); }});
  upload(rig);
  CHECK(rig.net.count("PUT") == 1);
  CHECK(rig.net.count("HEAD") == 1);
}

TEST_CASE("a 500 of the commit is tried again in another session") {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    Rig rig;
    rig.net.fault(
        {.match = "PUT", .times = 2, .instead = [&](const Seen&) { return reply(status); }});
    upload(rig);
    CHECK(arrived(rig));
    CHECK(rig.net.count("POST") == 3);
    CHECK(rig.registry.sessions.empty());
  }
}

TEST_CASE("a session that the registry lost is begun anew") {
  for (const int status : {404, 416}) {
    Rig rig;
    rig.net.fault({.match = "PUT", .instead = [&](const Seen&) { return reply(status); }});
    upload(rig);
    CHECK(arrived(rig));
    CHECK(rig.net.count("POST") == 2);
  }
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = [&](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"BLOB_UPLOAD_INVALID"}]})");
                 }});
  upload(rig);
  CHECK(arrived(rig));
}

TEST_CASE("ten attempts are made for a blob, then the last answer is told") {
  Rig rig;
  rig.net.fault({.match = "PUT", .times = 99, .instead = [](const Seen&) { return reply(502); }});
  const Error error = error_of([&] { upload(rig); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()) ==
        "cannot push blob `sha256:" + Digest::of(bytes).short_hex() +
            "` of `registry.example.com/acme/x`: `registry.example.com` replied 502");
  CHECK(rig.net.count("PUT") == 10);
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a network that stays away is exit code 6") {
  Rig rig;
  rig.net.fault({.match = "PUT", .times = 99, .cut_request = 3});
  CHECK(error_of([&] { upload(rig); }).fault() == Fault::network);
}

TEST_CASE("a token that dies while a blob is sent is replaced, and the blob sent again") {
  Rig rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "POST https://registry", .skip = 1, .then = [&](Response response) {
                   rig.registry.expire_tokens();
                   return response;
                 }});
  upload(rig);
  CHECK(arrived(rig));
  CHECK(rig.net.count("PUT") == 2);
  CHECK(rig.net.count("POST") == 2);
}

TEST_CASE("bytes that changed are never committed") {
  Rig rig;
  std::string changed = bytes;
  changed.back() = '!';
  const Error error = error_of(
      [&] { rig.client.upload_blob(rig.at("acme/x"), blob_of(bytes), open_text(changed)); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) == "the bytes of blob `sha256:" + Digest::of(bytes).short_hex() +
                                         "` of `registry.example.com/acme/x` have digest `" +
                                         Digest::of(changed).text() + "`, not `" +
                                         Digest::of(bytes).text() + "`");
  CHECK_FALSE(arrived(rig));
  CHECK(rig.net.count("PUT") == 0);  // it did not get as far as having been sent
  CHECK(rig.net.count("DELETE") == 1);
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("bytes that are too few or too many are never committed") {
  for (const std::string& other : {bytes.substr(1), bytes + "x"}) {
    Rig rig;
    const Error error = error_of(
        [&] { rig.client.upload_blob(rig.at("acme/x"), blob_of(bytes), open_text(other)); });
    CHECK(error.fault() == Fault::integrity);
    CHECK(rig.registry.sessions.empty());
  }
}

TEST_CASE("a source that fails ends the upload with its own words") {
  Rig rig;
  const Error error = error_of([&] {
    rig.client.upload_blob(
        rig.at("acme/x"), blob_of(bytes), [] { return std::make_unique<BrokenSource>(); });
  });
  CHECK(error.fault() == Fault::input);
  CHECK(std::string(error.what()) == "`model.safetensors` is gone");
  CHECK(rig.net.lines().back() == "DELETE /v2/acme/x/blobs/uploads/session-1");
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a stop cancels the session") {
  Rig rig;
  const Error error = error_of([&] {
    rig.client.upload_blob(rig.at("acme/x"), blob_of(bytes), [&]() -> std::unique_ptr<Source> {
      rig.stop.request(Fault::interrupted);
      rig.stop.check();
      return nullptr;
    });
  });
  CHECK(error.fault() == Fault::interrupted);
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a registry that kept only a part is found out") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(200, {{"Content-Length", "7"}});
                 }});
  const Error error = error_of([&] { upload(rig); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) == "blob `" + Digest::of(bytes).text() +
                                         "` has 7 bytes in `registry.example.com/acme/x`, and 32 "
                                         "by the manifest that names it");
  CHECK(error.hint() ==
        "one of them is wrong: have the blob deleted there if it is damaged, or the image made "
        "anew that the manifest is of");
}

TEST_CASE("a registry that says it stored another digest is not believed") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = [](const Seen&) {
                   return reply(201, {{"Docker-Content-Digest", Digest::of("x").text()}});
                 }});
  CHECK(error_of([&] { upload(rig); }).fault() == Fault::integrity);
}

TEST_CASE("a registry that received other bytes is an integrity failure") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = [](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"DIGEST_INVALID"}]})");
                 }});
  CHECK(error_of([&] { upload(rig); }).fault() == Fault::integrity);
}

TEST_CASE("a blob that is seen a moment after its commit is waited for") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .times = 2, .instead = [](const Seen&) { return reply(404); }});
  upload(rig);
  CHECK(rig.waits == std::vector<double>{0.5, 1});
}

TEST_CASE("a blob that never shows up is a failure") {
  Rig rig;
  rig.net.fault({.match = "HEAD", .times = 99, .instead = [](const Seen&) { return reply(404); }});
  CHECK(std::string(error_of([&] { upload(rig); }).what()) ==
        "blob `sha256:" + Digest::of(bytes).short_hex() +
            "` of `registry.example.com/acme/x`: `registry.example.com` took it and does not have "
            "it");
}

TEST_CASE("a Location in any form leads to the upload") {
  for (const char* prefix : {"", "https://registry.example.com", "//registry.example.com"}) {
    Rig rig;
    rig.registry.location_prefix = prefix;
    upload(rig);
    CHECK(arrived(rig));
  }
}

TEST_CASE("a Location that is missing or without TLS is refused") {
  Rig rig;
  rig.net.fault({.match = "POST", .instead = [](const Seen&) { return reply(202); }});
  const Error lost = error_of([&] { upload(rig); });
  CHECK(lost.fault() == Fault::refused);
  CHECK(std::string(lost.what()) ==
        "cannot push to `registry.example.com/acme/x`: `registry.example.com` begins an upload "
        "but does not say where: its `Location` is ``");
  rig.registry.location_prefix = "http://registry.example.com";
  const Error error = error_of([&] { upload(rig); });
  CHECK(error.fault() == Fault::refused);
  CHECK(std::string(error.what()).find("wants the upload in clear text") != std::string::npos);
  CHECK(rig.net.count("PUT") == 0);
}

TEST_CASE("the query of a Location is kept") {
  Rig rig;
  rig.net.fault({.match = "POST", .instead = [](const Seen&) {
                   return reply(202, {{"Location", "/v2/acme/x/blobs/uploads/u?_state=a%2Fb"}});
                 }});
  CHECK_THROWS_AS(
      [&] {
        rig.net.fault({.match = "PUT", .instead = [](const Seen&) { return reply(400); }});
        upload(rig);
      }(),
      Error);
  CHECK(rig.net.seen()[1].url ==
        "https://registry.example.com/v2/acme/x/blobs/uploads/u?_state=a%2Fb&digest=sha256%3A" +
            Digest::of(bytes).hex());
}

TEST_CASE("a PUT that is redirected is sent again as a whole") {
  Rig rig;
  rig.net.serve("https://storage.example.com", [&](const Seen& seen) {
    rig.registry.put_blob("acme/x", seen.body);
    return reply(201);
  });
  rig.net.fault({.match = "PUT", .instead = [](const Seen&) {
                   return reply(307, {{"Location", "https://storage.example.com/u"}});
                 }});
  upload(rig);
  CHECK(arrived(rig));
}

TEST_CASE("a body that is too large for the registry in every form ends with what to do") {
  Rig rig;
  for (const std::string method : {"PUT", "PATCH"}) {
    rig.net.fault({.match = method, .times = 100, .instead = [](const Seen&) {
                     return reply(413, {{"Content-Type", "text/html"}}, "<html>too large");
                   }});
  }
  const Error error = error_of([&] { upload(rig); });
  CHECK(error.fault() == Fault::refused);
  CHECK(error.hint() ==
        "the registry, or a proxy before it, refuses bodies of this size; set `layers.max_size` in "
        "the spec");
}
