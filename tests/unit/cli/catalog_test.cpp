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
                                           "catalog 13.4",
                                           "catalog 2.5.1+cu124",
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
  CHECK(document["tables"].size() == 45);
  const auto& first = document["tables"][0];
  CHECK(first["name"] == "cuda_toolkits");
  CHECK(first["rows"] == 64);
  CHECK(first["retrieved"] == "2026-11");
  CHECK(first["ageMonths"] == 2);
}

TEST_CASE("catalog --json has what all tables know of a name") {
  const auto document = catalog_json({"L4"});
  REQUIRE(document["rows"].size() >= 2);
  CHECK_FALSE(document.contains("table"));
  CHECK(document["rows"][0]["table"] == "gpus");
  CHECK(document["rows"][0]["name"] == "L4");
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

namespace {

constexpr const char* own_gpu = R"(gpus:
  source: "a datasheet"
  retrieved: "2027-01"
  rows:
    - {name: "X900", aliases: ["X900-96GB"], architecture: "Blackwell", compute_capability: "12.0",
       memory_gib: 96, kind: datacenter, forward_compat: "yes", first_cuda: "12.8", last_cuda: null}
    - {name: "L4", note: "ours", aliases: [], architecture: "Ada", compute_capability: "8.9",
       memory_gib: 24, kind: datacenter, forward_compat: "yes", first_cuda: "11.8", last_cuda: null}
)";

constexpr const char* own_spec = R"(schema: 1
name: demo
fleet: [X900-96GB, "L4:2"]
weights:
  - {source: w, include: ["*.json"]}
)";

}  // namespace

TEST_CASE("catalog shows which rows are the user's, and where they come from") {
  AppRun app;
  app.variables["SOURCE_DATE_EPOCH"] = january;
  app.dir.write("own/gpus.yaml", own_gpu);
  app.dir.write("two/a.yaml",
                "gpu_families:\n  source: ours\n  retrieved: \"2027-01\"\n  rows:\n"
                "    - {name: Small, models: [L4, T4]}\n");
  app.dir.write("bad/gpus.yaml", "gpus:\n  rows:\n    - {nmae: X}\n");
  const std::string dir = app.dir.path();
  const std::string text = app.transcript({"catalog gpus X900 --catalog " + dir + "/own",
                                           "catalog gpus L4 --catalog " + dir + "/own",
                                           "catalog gpu-families --catalog " + dir + "/two",
                                           "catalog gpus X900",
                                           "catalog --catalog " + dir + "/bad",
                                           "catalog --catalog " + dir + "/nowhere",
                                           "catalog --catalog " + dir + "/own/gpus.yaml"});
  CHECK(text == golden("cli/own-catalog.txt", text));
  const auto result = app.run({"catalog", "--json", "gpus", "L4", "--catalog", app.dir / "own"});
  const auto row = nlohmann::json::parse(result.out)["rows"][0];
  CHECK(row["origin"] == (app.dir / "own/gpus.yaml:7:7").string());
  CHECK(row["replaces"] == true);
  const auto other = catalog_json({"gpus", "T4"})["rows"][0];
  CHECK(other["origin"].is_null());
  CHECK(other["replaces"] == false);
}

TEST_CASE("fleet may name a GPU that only the user's catalog knows") {
  AppRun app;
  app.dir.write("demo/mlpack.yaml", own_spec);
  app.dir.write("demo/w/config.json", "{}");
  const auto unknown = app.run({"build", app.dir / "demo"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err.find("names `X900-96GB`, which is no GPU that mlpack knows") !=
        std::string::npos);
  app.dir.write("own/gpus.yaml", own_gpu);
  const auto given = app.run({"build", app.dir / "demo", "--catalog", app.dir / "own"});
  CHECK(given.err.find("is no GPU") == std::string::npos);
  app.dir.write("demo/mlpack.d/gpus.yaml", own_gpu);
  const auto beside = app.run({"build", app.dir / "demo"});
  CHECK(beside.err.find("is no GPU") == std::string::npos);
  CHECK(beside.err == given.err);
  app.dir.write("demo/mlpack.d/b.yaml", "gpus: [");
  const auto broken = app.run({"build", app.dir / "demo/mlpack.yaml"});
  CHECK(broken.code == 3);
  CHECK(broken.err.find("mlpack.d/b.yaml:1:1: error: this is not YAML") != std::string::npos);
}

TEST_CASE("data is no older than this month before it was read") {
  AppRun app;
  app.variables["SOURCE_DATE_EPOCH"] = "0";
  CHECK(app.run({"catalog"}).out.find("this month") != std::string::npos);
  app.variables["SOURCE_DATE_EPOCH"] = "soon";
  CHECK(app.run({"catalog"}).code == 2);
}
