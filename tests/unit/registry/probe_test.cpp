#include "registry/probe.h"

#include "registry/upload_rules.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

#include <ctime>

using namespace mlpack;
using namespace mlpack::test;

namespace {

ProbedUploads probed(Rig& rig, const std::string& known = "") {
  return probe_uploads(rig.at("acme/probe"), known, [&](const std::string& only) {
    ClientOptions options = rig.options();
    options.recall = [only](const std::string&) { return std::optional(only); };
    return std::make_unique<Client>(rig.net, rig.credentials, options, rig.progress, rig.stop);
  });
}

UploadRules rules_of(const ProbedUploads& found, const Rig& rig) {
  UploadRules rules = UploadRules::of(host);
  rules.recall(found.text, static_cast<std::int64_t>(rig.now));
  return rules;
}

std::vector<std::string> names(const ProbedUploads& found) {
  std::vector<std::string> names;
  for (const ProbedForm& one : found.forms)
    names.push_back((one.failure.empty() ? "" : "no ") + form_name(one.form));
  return names;
}

using Texts = std::vector<std::string>;

std::function<Response(const Seen&)> with_status(int status) {
  return [=](const Seen&) { return reply(status); };
}

}  // namespace

TEST_CASE("a registry that takes everything is found to do so") {
  Rig rig;
  const ProbedUploads found = probed(rig);
  CHECK(names(found) == Texts{"one PUT", "one PATCH", "chunks"});
  CHECK(found.chunk == probe_size / 4);
  CHECK(found.text.empty());
  CHECK(rig.registry.sessions.empty());
}

TEST_CASE("a form that is refused is remembered as such, the others are not") {
  Rig rig;
  rig.net.fault({.match = "PATCH", .times = 1000, .instead = with_status(405)});
  const ProbedUploads found = probed(rig);
  CHECK(names(found) == Texts{"one PUT", "no one PATCH", "no chunks"});
  const UploadRules rules = rules_of(found, rig);
  CHECK(rules.takes(UploadForm::put, std::uint64_t{1} << 40));
  CHECK_FALSE(rules.takes(UploadForm::patch, 1));
  CHECK_FALSE(rules.takes(UploadForm::chunks, 1));
}

TEST_CASE("a registry that takes small bodies alone gets small chunks afterwards") {
  Rig rig;
  rig.net.fault({.match = "PUT", .times = 1, .instead = with_status(413)});
  rig.net.fault({.match = "PATCH", .times = 2, .instead = with_status(413)});
  const ProbedUploads found = probed(rig);
  CHECK(names(found) == Texts{"chunks", "no one PUT", "no one PATCH"});
  CHECK(found.chunk == std::uint64_t{64} << 10);
  const UploadRules rules = rules_of(found, rig);
  CHECK(rules.form_for(probe_size) == UploadForm::chunks);
  CHECK(rules.form_for(1) == UploadForm::put);
}

TEST_CASE("chunks of which the registry says that it has none do not work") {
  Rig rig;
  const auto has_none = [](Response response) {
    Headers headers;
    for (const auto& [name, value] : response.headers.fields())
      headers.add(name, name == "Range" ? "0-0" : value);
    response.headers = headers;
    return response;
  };
  rig.net.fault({.match = "PATCH", .times = 1000, .then = has_none});
  rig.net.fault({.match = "GET", .times = 1000, .then = has_none});
  const ProbedUploads found = probed(rig);
  CHECK(names(found) == Texts{"one PUT", "one PATCH", "no chunks"});
  CHECK(found.forms.back().failure ==
        "`registry.example.com` took it, and had something else than was sent");
  CHECK_FALSE(rules_of(found, rig).takes(UploadForm::chunks, 1));
}

TEST_CASE("what pushes learnt before is kept") {
  Rig rig;
  UploadRules learnt = UploadRules::of(host);
  constexpr std::uint64_t large = std::uint64_t{100} << 20;
  learnt.refuse(UploadForm::put, large);
  const std::string known = learnt.text(std::time(nullptr));
  CHECK(probed(rig, known).text.empty());
  rig.net.fault({.match = "PATCH", .times = 1000, .instead = with_status(405)});
  const UploadRules rules = rules_of(probed(rig, known), rig);
  CHECK_FALSE(rules.takes(UploadForm::put, large));
  CHECK(rules.takes(UploadForm::put, large - 1));
  CHECK_FALSE(rules.takes(UploadForm::patch, 1));
}

TEST_CASE("a form that gets no answer is one that does not work, and none at all is thrown") {
  Rig rig;
  rig.net.fault(
      {.match = "PATCH", .times = 1000, .instead = [](const Seen&) { return no_answer(); }});
  const ProbedUploads found = probed(rig);
  CHECK(names(found) == Texts{"one PUT", "no one PATCH", "no chunks"});
  CHECK(found.forms.back().failure.find("connection reset by peer") != std::string::npos);
  CHECK(found.text.empty());
  Rig gone;
  gone.net.fault(
      {.match = "/blobs/", .times = 1000, .instead = [](const Seen&) { return no_answer(); }});
  CHECK(error_of([&] { probed(gone); }).fault() == Fault::network);
}

TEST_CASE("who may not push learns nothing") {
  Rig rig;
  rig.registry.require_basic("bob:secret");
  CHECK(error_of([&] { probed(rig); }).fault() == Fault::auth);
}
