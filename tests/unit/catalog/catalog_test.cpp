#include "lib/catalog/catalog.h"

#include "tests/unit/catalog/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

std::vector<std::string> names_found(const std::string& table, std::string_view name) {
  const CatalogTable* const found = built_in().find_table(table);
  REQUIRE_MESSAGE(found != nullptr, table);
  std::vector<std::string> names;
  for (const CatalogRow* row : find_rows(*found, name))
    names.emplace_back(row->name);
  return names;
}

}  // namespace

TEST_CASE("every row of the catalog has sources and a date, and shows its key columns") {
  std::size_t rows = 0;
  for (const CatalogTable* table : built_in().tables()) {
    CAPTURE(std::string(table->name));
    CHECK_FALSE(table->about.empty());
    for (const CatalogRow& row : table->rows) {
      CAPTURE(std::string(row.name));
      CHECK(row.table == table->name);
      CHECK_FALSE(row.sources.empty());
      CHECK(row.retrieved <= table->retrieved);
      CHECK(row.retrieved >= "2026-11");
      for (const std::string_view key : table->keys)
        CHECK_FALSE(row.at(key).empty());
      for (const std::string_view source : row.sources)
        CHECK(source.size() > 4);
      ++rows;
    }
  }
  CHECK(rows > 1600);
}

TEST_CASE("a row is found by its name, a key, another name or how it begins") {
  CHECK(names_found("cuda_toolkits", "12.4.1") == std::vector<std::string>{"12.4.1"});
  CHECK(names_found("cuda-toolkits", "12.4") == std::vector<std::string>{"12.4.0", "12.4.1"});
  CHECK(names_found("torch_builds", "2.5.1+cu124") == std::vector<std::string>{"2.5.1+cu124"});
  CHECK(names_found("torch_builds", "2.5.1").size() == 3);
  CHECK(names_found("gpus", "NVIDIA-L4") == std::vector<std::string>{"L4"});
  CHECK(names_found("gpus", "H100").size() == 3);
  CHECK(names_found("runtime_releases", "vllm").size() >= 48);
  CHECK(names_found("cuda_toolkits", "1").empty());
  CHECK(names_found("cuda_toolkits", "").empty());
  CHECK(built_in().find_table("cuda") == nullptr);
}

TEST_CASE("unknown tables and rows have near ones") {
  CHECK(built_in().near_tables("cuda-toolkit") == std::vector<std::string>{"cuda_toolkits"});
  CHECK(built_in().near_tables("images") ==
        std::vector<std::string>{"cudnn_images", "nccl_images", "cuda_images"});
  CHECK(built_in().near_tables("zebra").empty());
  CHECK(built_in().near_rows(*built_in().find_table("gpus"), "l4") ==
        std::vector<std::string>{"L4"});
  CHECK(built_in().near_rows(*built_in().find_table("distros"), "ubuntu-22.40").front() ==
        "ubuntu-22.04");
  CHECK(built_in().near_rows(*built_in().find_table("distros"), "ubuntu").size() == 3);
}

TEST_CASE("what no document confirms is marked, in a column or as a whole") {
  const auto row = [](const std::string& table, std::string_view name) {
    return find_rows(*built_in().find_table(table), name).at(0);
  };
  CHECK(row("gpus", "B200")->unverified.empty());
  CHECK(row("gpus", "B300 SXM")->is_doubtful("memory_bandwidth_gbs"));
  CHECK_FALSE(row("gpus", "B300 SXM")->is_doubtful("memory_gib"));
  CHECK(row("torch", "2.14.1")->is_doubtful("python"));
}

TEST_CASE("every GPU is a row of the catalog, with the same figures") {
  const CatalogTable& table = *built_in().find_table("gpus");
  CHECK(table.rows.size() == built_in().gpus().size());
  for (const Gpu& gpu : built_in().gpus()) {
    CHECK(gpu.row->name == gpu.name);
    CHECK(gpu.row->at("compute_capability") == gpu.compute_capability.text());
  }
}
