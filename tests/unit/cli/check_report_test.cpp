#include "cli/check.h"
#include "lib/error.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;

namespace {

Finding finding_of(Finding::Level level, const std::string& id) {
  Finding finding;
  finding.id = id;
  finding.level = level;
  finding.what = "what of " + id;
  finding.why = "why";
  finding.fix = "fix";
  return finding;
}

Finding unknown_finding() {
  Finding finding = finding_of(Finding::Level::info, "driver-unknown");
  finding.is_unknown = true;
  return finding;
}

std::vector<CheckedImage> image_with(Findings findings) {
  return {{"linux/amd64", std::move(findings)}};
}

std::string message_of(const CheckOptions& options) {
  try {
    check_fleet(options, Catalog::built_in(), Stop());
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::usage);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("errors fail, what is not known fails strictly, and what is dangerous is another code") {
  const auto code = [](Findings findings, Strictness strictness = Strictness::lenient) {
    return check_exit_code(image_with(std::move(findings)), strictness);
  };
  CHECK(code({}) == 0);
  CHECK(check_verdict({}) == "runs");
  CHECK(code({finding_of(Finding::Level::warning, "a")}, Strictness::strict) == 0);
  CHECK(code({unknown_finding()}) == 0);
  CHECK(code({unknown_finding()}, Strictness::strict) == 9);
  CHECK(check_verdict({unknown_finding()}) == "unknown");
  CHECK(code({unknown_finding(), finding_of(Finding::Level::error, "a")}) == 9);
  CHECK(check_verdict({unknown_finding(), finding_of(Finding::Level::error, "a")}) == "fails");
  Finding secret = finding_of(Finding::Level::error, "secret");
  secret.kind = Finding::Kind::safety;
  CHECK(code({finding_of(Finding::Level::error, "a"), secret}) == 11);
  secret.level = Finding::Level::warning;
  CHECK(code({secret}) == 0);
}

TEST_CASE("a log in SARIF has a rule for each id and a result for each finding") {
  Finding error = finding_of(Finding::Level::error, "b");
  error.file = "usr/bin/server";
  const auto log =
      nlohmann::json::parse(check_sarif("x:1",
                                        image_with({error,
                                                    finding_of(Finding::Level::info, "a"),
                                                    finding_of(Finding::Level::warning, "b")})));
  CHECK(log["version"] == "2.1.0");
  const auto& run = log["runs"][0];
  REQUIRE(run["tool"]["driver"]["rules"].size() == 2);
  CHECK(run["tool"]["driver"]["rules"][0]["id"] == "a");
  REQUIRE(run["results"].size() == 3);
  CHECK(run["results"][0]["level"] == "error");
  CHECK(run["results"][0]["message"]["text"] == "what of b: why");
  CHECK(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] ==
        "usr/bin/server");
  CHECK(run["results"][1]["level"] == "note");
  CHECK_FALSE(run["results"][1]["locations"][0].contains("physicalLocation"));
  CHECK(run["results"][2]["level"] == "warning");
}

TEST_CASE("a report has a paragraph for each finding, and each platform's verdict") {
  const std::vector<CheckedImage> images{{"linux/amd64", {}},
                                         {"linux/arm64", {finding_of(Finding::Level::error, "a")}}};
  CHECK(check_text("x:1", images) ==
        "x:1 for linux/amd64: it will run\n"
        "error: what of a [a]\n  why: why\n  fix: fix\n"
        "x:1 for linux/arm64: it will not run as it should\n");
  const auto json = check_json("x:1", images);
  CHECK(json["verdict"] == "fails");
  CHECK(json["images"][0]["verdict"] == "runs");
  CHECK(json["images"][1]["findings"][0]["id"] == "a");
}

TEST_CASE("machines are GPUs of the catalog, how many of them, and a driver") {
  CheckOptions options;
  options.gpus = {"L4:2", "cpu"};
  options.driver = "550.90.07";
  const auto fleet = check_fleet(options, Catalog::built_in(), Stop());
  REQUIRE(fleet.size() == 2);
  CHECK(fleet[0].gpu->name == "L4");
  CHECK(fleet[0].count == 2);
  CHECK(fleet[0].driver->text() == "550.90.07");
  CHECK(fleet[1].gpu == nullptr);
  CHECK_FALSE(fleet[1].driver);
}

TEST_CASE("words that name no machine are told") {
  CheckOptions options;
  options.gpus = {"L44"};
  CHECK(message_of(options) == "the catalog has no GPU `L44`");
  options.gpus = {"L4:0"};
  CHECK(message_of(options) == "`L4:0` does not say how many GPUs there are");
  options.gpus = {"L4"};
  options.driver = "new";
  CHECK(message_of(options) == "`new` is no version of a driver");
  options.gpus = {};
  options.driver = "550";
  CHECK(message_of(options) ==
        "`--driver` is the driver of machines, and none is named with `--gpu` or `--fleet`");
}

TEST_CASE("findings that are passed over need a reason") {
  CHECK(ignored_findings({"secret=a=b"}) == IgnoredFindings{{"secret", "a=b"}});
  CHECK_THROWS_WITH_AS(ignored_findings({"secret= "}),
                       "`--ignore` wants the id of a finding and a reason, not `secret= `",
                       Error);
  CHECK_THROWS_AS(ignored_findings({"secret"}), Error);
}
