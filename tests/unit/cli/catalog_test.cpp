#include "cli/commands.h"
#include "tests/unit/cli/app_run.h"
#include "tests/unit/cli/golden.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// 2027-01-15
constexpr const char* january = "1800000000";

nlohmann::json catalog_json(const std::vector<std::string>& words) {
  AppRun app;
  app.variables["SOURCE_DATE_EPOCH"] = january;
  std::vector<std::string> all{"catalog", "--json"};
  all.insert(all.end(), words.begin(), words.end());
  const auto result = app.run(all);
  REQUIRE_MESSAGE(result.code == 0, result.err);
  return nlohmann::json::parse(result.out);
}

}  // namespace

TEST_CASE("the catalog as a person sees it") {
  AppRun app;
  app.variables["SOURCE_DATE_EPOCH"] = january;
  const std::string text = app.transcript({"catalog",
                                           "catalog drivers",
                                           "catalog cuda-toolkits 12.4",
                                           "catalog torch_builds 2.5.1+cu124",
                                           "catalog gpus H100",
                                           "catalog gpus NVIDIA-L4",
                                           "catalog forward_compat 13.4-on-535",
                                           "catalog runtime_releases vllm-0.30.0",
                                           "catalog cuda-toolkit",
                                           "catalog nothing",
                                           "catalog gpus l4",
                                           "catalog gpus warp-drive",
                                           "catalog gpus L4 L4",
                                           "catalog --help"});
  CHECK(text == golden("cli/catalog.txt", text));
}

TEST_CASE("catalog --json lists tables with their age") {
  const auto document = catalog_json({});
  CHECK(document["schema"] == 1);
  CHECK(document["tables"].size() == 42);
  const auto& first = document["tables"][0];
  CHECK(first["name"] == "cuda_toolkits");
  CHECK(first["rows"] == 64);
  CHECK(first["retrieved"] == "2026-11");
  CHECK(first["ageMonths"] == 2);
}

TEST_CASE("catalog --json shows rows with fields, doubts and sources") {
  const auto document = catalog_json({"gpus", "B300-SXM"});
  CHECK(document["table"] == "gpus");
  REQUIRE(document["rows"].size() == 1);
  const auto& row = document["rows"][0];
  CHECK(row["name"] == "B300 SXM");
  CHECK(row["fields"]["compute_capability"] == "10.3");
  CHECK(row["unverified"] == nlohmann::json::array({"memory_bandwidth_gbs"}));
  CHECK(row["sources"].size() == 5);
  CHECK(catalog_json({"drivers"})["rows"].size() == 26);
}

TEST_CASE("data is no older than this month before it was read") {
  AppRun app;
  app.variables["SOURCE_DATE_EPOCH"] = "0";
  CHECK(app.run({"catalog"}).out.find("this month") != std::string::npos);
  app.variables["SOURCE_DATE_EPOCH"] = "soon";
  CHECK(app.run({"catalog"}).code == 2);
}
