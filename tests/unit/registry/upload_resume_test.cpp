#include "lib/store/upload_note.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string shard(300 << 10, 's');

std::string session_of(const std::string& url) {
  const std::size_t begin = url.rfind('/') + 1;
  return url.substr(begin, url.find('?') - begin);
}

// The connection breaks, and the registry has `kept` bytes of what was sent.
std::function<Response(const Seen&)> keeping(Rig& rig, std::size_t kept) {
  return [&rig, kept](const Seen& seen) {
    rig.registry.leave(session_of(seen.url), seen.body.substr(0, kept));
    return no_answer();
  };
}

std::vector<std::string> ranges_sent(const Rig& rig) {
  std::vector<std::string> found;
  for (const Seen& seen : rig.net.seen()) {
    const auto range = seen.headers.find("Content-Range");
    if (range) found.push_back(*range);
  }
  return found;
}

struct NotedRig : Rig {
  NotedRig() : noting(net, credentials, with_notes(), progress, stop) {}

  ClientOptions with_notes() {
    ClientOptions all = options();
    all.take_note = [this](const std::string& of) {
      asked_for = of;
      return UploadNote::take(note);
    };
    return all;
  }

  void upload() { noting.upload_blob(at("acme/x"), blob_of(shard), open_text(shard)); }
  bool arrived() const { return registry.has_blob("acme/x", Digest::of(shard)); }

  // As a process that was killed after `kept` bytes were there.
  void leave_upload(std::size_t kept) {
    const Upload begun = client.start_upload(at("acme/x"));
    registry.leave(session_of(begun.location), shard.substr(0, kept));
    UploadNote::take(note)->keep(begun.location);
    net.forget();
  }

  TempDir dir;
  fs::path note = dir.path() / "note";
  std::string asked_for;
  Client noting;
};

}  // namespace

TEST_CASE("what a registry kept of an upload that broke off is not sent again") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = keeping(rig, 200000)});
  rig.client.upload_blob(rig.at("acme/x"), blob_of(shard), open_text(shard));
  CHECK(rig.registry.has_blob("acme/x", Digest::of(shard)));
  CHECK(ranges_sent(rig) == std::vector<std::string>{"200000-307199"});
  CHECK(rig.net.count("POST") == 1);
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a registry that kept all of it has only to be told that it is all") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = keeping(rig, shard.size())});
  rig.client.upload_blob(rig.at("acme/x"), blob_of(shard), open_text(shard));
  CHECK(rig.registry.has_blob("acme/x", Digest::of(shard)));
  CHECK(ranges_sent(rig).empty());
  CHECK(rig.net.count("PUT") == 2);
}

TEST_CASE("what a registry says it kept and did not is found out") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = [&](const Seen& seen) {
                   rig.registry.leave(session_of(seen.url), std::string(200000, 'x'));
                   return no_answer();
                 }});
  rig.client.upload_blob(rig.at("acme/x"), blob_of(shard), open_text(shard));
  CHECK(rig.registry.has_blob("acme/x", Digest::of(shard)));
  CHECK(rig.net.count("POST") == 2);
}

TEST_CASE("a row that takes no chunks is not asked how far it got") {
  Rig rig;
  FakeRegistry google(rig.net, "europe-docker.pkg.dev");
  const Repository to{name("europe-docker.pkg.dev/acme/x"), Access::push};
  rig.net.fault({.match = "PUT", .cut_request = 200000});
  rig.client.upload_blob(to, blob_of(shard), open_text(shard));
  CHECK(rig.net.count("GET") == 0);
  CHECK(rig.net.count("PUT") == 2);
}

TEST_CASE("an upload that a killed process left is gone on with") {
  NotedRig rig;
  rig.leave_upload(250000);
  rig.upload();
  CHECK(rig.arrived());
  CHECK(rig.asked_for == "registry.example.com/acme/x@" + Digest::of(shard).text());
  CHECK(ranges_sent(rig) == std::vector<std::string>{"250000-307199"});
  CHECK(rig.net.count("POST") == 0);
  CHECK_FALSE(fs::exists(rig.note));
}

TEST_CASE("an upload that the registry forgot begins anew") {
  NotedRig rig;
  rig.leave_upload(250000);
  rig.registry.sessions.clear();
  rig.upload();
  CHECK(rig.arrived());
  CHECK(ranges_sent(rig).empty());
  CHECK(rig.net.count("DELETE") == 0);
  CHECK_FALSE(fs::exists(rig.note));
}

TEST_CASE("an upload that somebody else is at is left to him") {
  NotedRig rig;
  rig.leave_upload(250000);
  const auto theirs = UploadNote::take(rig.note);
  rig.upload();
  CHECK(rig.arrived());
  CHECK(ranges_sent(rig).empty());
  CHECK(rig.net.count("GET") == 0);
  CHECK_FALSE(theirs->location().empty());
}

TEST_CASE("a network that gives up leaves the upload to the next run, a refusal does not") {
  NotedRig rig;
  rig.net.fault({.match = "PUT", .times = 1000, .cut_request = 1000});
  rig.net.fault({.match = "PATCH", .times = 1000, .cut_request = 1000});
  CHECK(error_of([&] { rig.upload(); }).fault() == Fault::network);
  CHECK(fs::exists(rig.note));
  NotedRig other;
  other.net.fault({.match = "PUT", .instead = [](const Seen&) { return reply(403); }});
  CHECK(error_of([&] { other.upload(); }).fault() == Fault::auth);
  CHECK_FALSE(fs::exists(other.note));
}

TEST_CASE("a registry that loses every upload behind the first chunk is given up") {
  Rig rig;
  const auto lost = [](const Seen&) { return reply(404); };
  rig.net.fault({.match = "PUT", .times = 1000, .instead = [](const Seen&) { return reply(413); }});
  rig.net.fault({.match = "PATCH", .times = 2, .instead = [](const Seen&) { return reply(413); }});
  rig.net.fault({.match = "PATCH", .times = 1000, .instead = lost});
  const Error error =
      error_of([&] { rig.client.upload_blob(rig.at("acme/x"), blob_of(shard), open_text(shard)); });
  CHECK(error.fault() == Fault::refused);
  CHECK(rig.net.count("POST") <= 14);
}
