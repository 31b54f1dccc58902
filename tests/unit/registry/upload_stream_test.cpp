#include "lib/oci/image.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string unread_bytes = "all the weights of a model that nobody has read yet";
const std::string short_digest = "sha256:" + Digest::of(unread_bytes).hex().substr(0, 6);

struct Streaming : Rig {
  using Rig::Rig;

  Digest stream() {
    return client.upload_stream(at("acme/x"),
                                {"weights base",
                                 unread_bytes.size(),
                                 [this] {
                                   ++opened;
                                   return std::make_unique<StringSource>(given);
                                 },
                                 [this](std::uint64_t count) { moved.push_back(count); }});
  }
  bool arrived() const { return registry.has_blob("acme/x", Digest::of(unread_bytes)); }

  std::string given = unread_bytes;
  int opened = 0;
  std::vector<std::uint64_t> moved;
};

// Gives some bytes and then fails.
class FailingSource : public Source {
 public:
  FailingSource(const std::string& text, Error error) : text_(text), error_(std::move(error)) {}
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = text_.read(buffer);
    if (count == 0) throw error_;
    return count;
  }

 private:
  StringSource text_;
  Error error_;
};

FakeNet::Fault lost_answer(const std::string& match) {
  return {.match = match, .then = [](Response) { return no_answer(); }};
}

}  // namespace

TEST_CASE("a blob of unknown digest goes out in one PATCH, and the PUT says what it was") {
  Streaming rig;
  CHECK(rig.stream() == Digest::of(unread_bytes));
  CHECK(rig.arrived());
  CHECK(rig.net.lines() == std::vector<std::string>{"POST /v2/acme/x/blobs/uploads/",
                                                    "PATCH /v2/acme/x/blobs/uploads/session-1",
                                                    "PUT /v2/acme/x/blobs/uploads/session-1-51",
                                                    "HEAD /v2/acme/x/blobs/" + short_digest});
  const Seen patch = rig.net.seen()[1];
  CHECK(patch.body == unread_bytes);
  CHECK_FALSE(patch.headers.find("Content-Range"));
  CHECK(rig.net.seen()[2].body.empty());
  CHECK(rig.opened == 1);
  CHECK(rig.moved.back() == unread_bytes.size());
  CHECK(rig.client.bytes_sent() == unread_bytes.size());
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a stream that the registry drops in the middle is begun anew") {
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, unread_bytes.size() / 2}) {
    Streaming rig;
    CAPTURE(at);
    rig.net.fault({.match = "PATCH", .times = 2, .cut_request = at});
    CHECK(rig.stream() == Digest::of(unread_bytes));
    CHECK(rig.arrived());
    CHECK(rig.opened == 3);
    CHECK(rig.net.count("PATCH") == 3);
  }
}

TEST_CASE("once all of a stream was read, what is left to do is an ordinary upload") {
  Streaming rig;
  rig.net.fault(lost_answer("PATCH"));
  CHECK(rig.stream() == Digest::of(unread_bytes));
  CHECK(rig.arrived());
  CHECK(rig.net.count("PATCH") == 1);
  CHECK(rig.net.count("PUT /v2/acme/x/blobs/uploads/session-2") == 1);
  CHECK(rig.opened == 2);
}

TEST_CASE("a commit of a stream whose answer is lost is found out by looking") {
  Streaming rig;
  rig.net.fault(lost_answer("PUT"));
  CHECK(rig.stream() == Digest::of(unread_bytes));
  CHECK(rig.arrived());
  CHECK(rig.opened == 1);
}

TEST_CASE("a commit of a stream that fails for a moment sends no byte again") {
  for (const int status : {429, 500, 503}) {
    Streaming rig;
    rig.net.fault({.match = "PUT", .instead = [=](const Seen&) { return reply(status); }});
    CHECK(rig.stream() == Digest::of(unread_bytes));
    CHECK(rig.arrived());
    CHECK(rig.opened == 1);
    CHECK(rig.net.count("PUT") == 2);
  }
}

TEST_CASE("a session that is gone before its commit costs the blob again") {
  Streaming rig;
  rig.net.fault({.match = "PUT", .instead = [](const Seen&) { return reply(404); }});
  CHECK(rig.stream() == Digest::of(unread_bytes));
  CHECK(rig.arrived());
  CHECK(rig.opened == 2);
}

TEST_CASE("a registry that knows no PATCH gets the blob when its digest is known") {
  for (const int status : {405, 501}) {
    Streaming rig;
    rig.net.fault({.match = "PATCH", .instead = [=](const Seen&) { return reply(status); }});
    CHECK(rig.stream() == Digest::of(unread_bytes));
    CHECK(rig.arrived());
    CHECK(rig.net.count("PATCH") == 1);
    CHECK(rig.registry.sessions.empty());
  }
}

TEST_CASE("what the source of a stream throws leaves nothing behind") {
  Streaming rig;
  const auto broken = [] {
    return std::make_unique<FailingSource>(
        "abc", Error(Fault::integrity, "`model.safetensors` should have another sha256"));
  };
  const Error error = error_of([&] {
    rig.client.upload_stream(rig.at("acme/x"), {"weights base", unread_bytes.size(), broken, {}});
  });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) == "`model.safetensors` should have another sha256");
  CHECK(rig.net.lines().back() == "DELETE /v2/acme/x/blobs/uploads/session-1");
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a registry that kept only a part of a stream is found out") {
  Streaming rig;
  rig.net.fault({.match = "HEAD", .instead = [](const Seen&) {
                   return reply(200, {{"Content-Length", "7"}});
                 }});
  CHECK(error_of([&] { rig.stream(); }).fault() == Fault::integrity);
}

TEST_CASE("a registry that received another stream than was sent is an integrity failure") {
  Streaming rig;
  rig.net.fault({.match = "PUT", .instead = [](const Seen&) {
                   return reply(400, {}, R"({"errors":[{"code":"DIGEST_INVALID"}]})");
                 }});
  const Error error = error_of([&] { rig.stream(); });
  CHECK(error.fault() == Fault::integrity);
  CHECK(std::string(error.what()) ==
        "`weights base` of `registry.example.com/acme/x`: `registry.example.com` received other "
        "bytes than were sent");
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a token that dies while a stream is sent is replaced before the commit") {
  Streaming rig(bob());
  rig.registry.require_token("bob:secret");
  rig.net.fault({.match = "PATCH", .then = [&](Response response) {
                   rig.registry.expire_tokens();
                   return response;
                 }});
  CHECK(rig.stream() == Digest::of(unread_bytes));
  CHECK(rig.arrived());
  CHECK(rig.opened == 1);
}

TEST_CASE("ten attempts are made for a stream, then the last answer is told") {
  Streaming rig;
  rig.net.fault({.match = "PATCH", .times = 99, .cut_request = 3});
  const Error error = error_of([&] { rig.stream(); });
  CHECK(error.fault() == Fault::network);
  CHECK(rig.opened == 10);
  CHECK_FALSE(rig.arrived());
}

TEST_CASE("a place for the rest of a stream without TLS is refused") {
  Streaming rig;
  rig.net.fault(
      {.match = "PATCH", .instead = [](const Seen& seen) {
         return reply(202, {{"Location", "http" + seen.url.substr(std::string("https").size())}});
       }});
  CHECK(std::string(error_of([&] { rig.stream(); }).what()).find("in clear text") !=
        std::string::npos);
  CHECK(rig.net.count("PUT") == 0);
}
