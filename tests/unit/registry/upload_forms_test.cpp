#include "registry/gate.h"
#include "registry/network_limits.h"
#include "registry/upload_rules.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <map>

using namespace mlpack;
using namespace mlpack::test;

namespace {

const std::string large(300 << 10, 'w');

void upload_large(Rig& rig) {
  rig.client.upload_blob(rig.at("acme/x"), blob_of(large), open_text(large));
}

bool large_arrived(const Rig& rig) {
  return rig.registry.has_blob("acme/x", Digest::of(large));
}

std::vector<std::string> ranges(const Rig& rig) {
  std::vector<std::string> found;
  for (const Seen& seen : rig.net.seen()) {
    const auto range = seen.headers.find("Content-Range");
    if (range) found.push_back(*range);
  }
  return found;
}

std::function<Response(const Seen&)> with_status(int status) {
  return [=](const Seen&) { return reply(status); };
}

// A registry behind a proxy that takes no large body: PUT and PATCH of all are 413.
void refuse_large_bodies(Rig& rig) {
  rig.net.fault({.match = "PUT", .instead = with_status(413)});
  rig.net.fault({.match = "PATCH", .instead = with_status(413)});
}

// So that chunks are of 75 KiB.
void refuse_first_chunk(Rig& rig) {
  rig.net.fault({.match = "PATCH", .instead = with_status(413)});
}

std::optional<double> stall_of(const std::string& text) {
  return network_limits([&](const std::string&) { return std::optional(text); }).stall;
}

}  // namespace

TEST_CASE("a registry that does not take a PUT of a blob gets a PATCH") {
  for (const int status : {413, 405, 501}) {
    Rig rig;
    rig.net.fault({.match = "PUT", .instead = with_status(status)});
    upload_large(rig);
    CHECK(large_arrived(rig));
    CHECK(rig.net.count("PATCH") == 1);
    CHECK(ranges(rig).empty());
    CHECK(rig.registry.sessions.empty());
    CHECK(rig.waits.empty());
  }
}

TEST_CASE("what a registry refused once is not tried with the next blob that is as large") {
  Rig rig;
  rig.net.fault({.match = "PUT", .instead = with_status(413)});
  upload_large(rig);
  const std::string larger = large + "more";
  const std::string small = "small";
  rig.net.forget();
  rig.client.upload_blob(rig.at("acme/x"), blob_of(larger), open_text(larger));
  CHECK(rig.net.count("PATCH") == 1);
  rig.client.upload_blob(rig.at("acme/x"), blob_of(small), open_text(small));
  CHECK(rig.net.count("PATCH") == 1);
}

TEST_CASE("what a registry refused is remembered for later runs") {
  std::map<std::string, std::string> kept;
  const auto options = [&](Rig& rig) {
    ClientOptions all = rig.options();
    all.remember = [&](const std::string& at, const std::string& text) { kept[at] = text; };
    all.recall = [&](const std::string& at) {
      return kept.count(at) == 0 ? std::nullopt : std::optional(kept[at]);
    };
    return all;
  };
  for (const int refusals : {1, 0}) {
    Rig rig;
    Client client(rig.net, rig.credentials, options(rig), rig.progress, rig.stop);
    rig.net.fault({.match = "PUT", .times = refusals, .instead = with_status(413)});
    client.upload_blob(rig.at("acme/x"), blob_of(large), open_text(large));
    CHECK(large_arrived(rig));
    CHECK(rig.net.count("POST") == static_cast<std::size_t>(1 + refusals));
  }
  CHECK(kept.size() == 1);
}

TEST_CASE("what takes no large body gets chunks, and chunks that are small enough") {
  Rig rig;
  refuse_large_bodies(rig);
  refuse_first_chunk(rig);
  upload_large(rig);
  CHECK(large_arrived(rig));
  CHECK(ranges(rig) ==
        std::vector<std::string>{
            "0-307199", "0-76799", "76800-153599", "153600-230399", "230400-307199"});
  CHECK(rig.client.bytes_sent() < 5 * large.size());
}

TEST_CASE("a chunk that was cut is sent again, and nothing else") {
  for (const std::size_t at : std::vector<std::size_t>{0, 1, 40000, 76800}) {
    CAPTURE(at);
    Rig rig;
    refuse_large_bodies(rig);
    refuse_first_chunk(rig);
    rig.net.fault({.match = "PATCH", .skip = 3, .cut_request = at});
    upload_large(rig);
    CHECK(large_arrived(rig));
    CHECK(ranges(rig).size() == 6);
    CHECK(rig.client.retries() == 1);
  }
}

TEST_CASE("an answer to a chunk that was lost costs no blob") {
  Rig rig;
  refuse_large_bodies(rig);
  refuse_first_chunk(rig);
  rig.net.fault({.match = "PATCH", .skip = 3, .then = [](Response) { return no_answer(); }});
  upload_large(rig);
  CHECK(large_arrived(rig));
}

TEST_CASE("a Range that does not fit is compared with what the registry says it has") {
  Rig rig;
  refuse_large_bodies(rig);
  refuse_first_chunk(rig);
  rig.net.fault({.match = "PATCH", .skip = 3, .then = [](Response response) {
                   Response other = reply(
                       202, {{"Location", *response.headers.find("Location")}, {"Range", "0-99"}});
                   return other;
                 }});
  upload_large(rig);
  CHECK(large_arrived(rig));
  CHECK(rig.net.count("GET") == 1);
  CHECK(ranges(rig).size() == 5);
}

TEST_CASE("a Range that stands still while nothing can be asked is not believed the next time") {
  Rig rig;
  refuse_large_bodies(rig);
  refuse_first_chunk(rig);
  rig.net.fault({.match = "PATCH", .times = 100, .skip = 3, .then = [](Response response) {
                   return reply(
                       201,
                       {{"Location", *response.headers.find("Location")}, {"Range", "0-76799"}});
                 }});
  rig.net.fault({.match = "GET", .times = 100, .instead = with_status(404)});
  upload_large(rig);
  CHECK(large_arrived(rig));
  CHECK(rig.net.count("GET") == 1);
}

TEST_CASE("a registry that keeps only the last chunk is found out, and gets the blob otherwise") {
  Rig rig;
  rig.net.fault({.match = "PUT", .times = 2, .cut_request = 5});
  rig.net.fault({.match = "PATCH", .times = 2, .cut_request = 5});
  // The commit of the chunks leaves something shorter.
  rig.net.fault({.match = "HEAD", .skip = 4, .then = [](Response) {
                   return reply(200, {{"Content-Length", "1"}});
                 }});
  upload_large(rig);
  CHECK(large_arrived(rig));
  CHECK(rig.net.lines().at(rig.net.lines().size() - 2).starts_with("PUT"));
}

TEST_CASE("a connection that breaks twice in a row makes another form of it") {
  Rig rig;
  rig.net.fault({.match = "PUT", .times = 1000, .cut_request = 1000});
  rig.net.fault({.match = "PATCH", .times = 2, .cut_request = 1000});
  const Error error = error_of([&] { upload_large(rig); });
  CHECK(error.fault() == Fault::network);
  CHECK(rig.net.count("PATCH") >= 3);
}

TEST_CASE("rules are remembered for a week, and only where they fit") {
  UploadRules rules = UploadRules::of("registry.example.com");
  CHECK_FALSE(rules.is_changed());
  rules.refuse(UploadForm::put, 1000);
  CHECK(rules.shrink_chunk(std::uint64_t{1} << 40));
  CHECK(rules.is_changed());
  const std::string text = rules.text(5000);
  UploadRules later = UploadRules::of("registry.example.com");
  later.recall(text, 6000);
  CHECK(later.form_for(999) == UploadForm::put);
  CHECK(later.form_for(1000) == UploadForm::patch);
  CHECK(later.chunk() == std::uint64_t{16} << 20);
  for (const std::string& damaged : {std::string(),
                                     text.substr(0, text.size() - 1) + "x",
                                     "2" + text,
                                     text + " 1",
                                     std::string("1 5000 99999999999 exact 0 1 1 1 2 1")}) {
    UploadRules other = UploadRules::of("registry.example.com");
    other.recall(damaged, 6000);
    CHECK_MESSAGE(other.form_for(1000) == UploadForm::put, damaged);
  }
  UploadRules old = UploadRules::of("registry.example.com");
  old.recall(text, 5000 + 8 * 24 * 3600);
  CHECK(old.form_for(1000) == UploadForm::put);
}

TEST_CASE("the row of a registry decides the form") {
  CHECK(UploadRules::of("ghcr.io").chunk() == std::uint64_t{4} << 20);
  const UploadRules google = UploadRules::of("europe-docker.pkg.dev");
  CHECK_FALSE(google.takes(UploadForm::patch, 1));
  CHECK(google.after(UploadForm::put, 1) == UploadForm::put);
  CHECK_FALSE(UploadRules::of("public.ecr.aws").believes_ranges());
}

TEST_CASE("uploads become fewer when they go badly, and more again") {
  const Stop stop;
  Gate gate(4);
  gate.note(Gate::Went::badly);
  CHECK(gate.allowed() == 2);
  gate.note(Gate::Went::badly);
  gate.note(Gate::Went::badly);
  CHECK(gate.allowed() == 1);
  for (int i = 0; i < 20; ++i)
    gate.note(Gate::Went::well);
  CHECK(gate.allowed() == 4);
  const Gate::Pass pass = gate.enter(stop);
}

TEST_CASE("MLPACK_NETWORK sets limits, and is refused where it cannot be understood") {
  CHECK(stall_of("stall=2.5, attempts=3") == 2.5);
  CHECK(stall_of("attempts=3") == std::nullopt);
  for (const std::string bad :
       {"stall", "stall=", "stall=0", "stall=-1", "stall=1e9", "speed=1", "stall=1,,"}) {
    CHECK_MESSAGE(error_of([&] { stall_of(bad); }).fault() == Fault::usage, bad);
  }
  CHECK(std::string(error_of([] { stall_of("speed=1"); }).what()) ==
        "MLPACK_NETWORK: `speed=1` is no limit");
}
