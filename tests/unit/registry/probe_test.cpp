#include "registry/probe.h"

#include "registry/upload_rules.h"
#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

ProbedUploads probed(Rig& rig) {
  return probe_uploads(rig.at("acme/probe"), [&](const std::string& known) {
    ClientOptions options = rig.options();
    options.recall = [known](const std::string&) { return std::optional(known); };
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
  CHECK(found.chunk == std::uint64_t{64} << 20);
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

TEST_CASE("who may not push learns nothing") {
  Rig rig;
  rig.registry.require_basic("bob:secret");
  CHECK(error_of([&] { probed(rig); }).fault() == Fault::auth);
}
