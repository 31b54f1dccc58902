#include "lib/catalog/overrides.h"

#include "lib/catalog/compat_columns.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/catalog/support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>

using namespace mlpack;
using namespace mlpack::test;

namespace {

Catalog with_files(const TempDir& dir, const std::map<std::string, std::string>& files) {
  for (const auto& [name, text] : files)
    dir.write("own/" + name, text);
  const fs::path folders[] = {dir / "own"};
  return load_catalog(folders);
}

// The places and the messages of what is wrong with a file; empty: nothing.
std::string problems_with(const std::map<std::string, std::string>& files) {
  const TempDir dir;
  try {
    with_files(dir, files);
    return "";
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::input);
    std::string all;
    for (const Where& where : error.where()) {
      const std::string name = fs::path(where.file).filename();
      all += name + ":" + std::to_string(where.line) + ":" + std::to_string(where.column) + ": " +
             where.message + "\n";
    }
    return all.empty() ? error.what() : all;
  }
}

std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += c;
  }
  return all + "\"";
}

std::string quoted(std::span<const std::string_view> texts) {
  std::string all;
  for (const std::string_view text : texts)
    all += (all.empty() ? "" : ", ") + quoted(text);
  return "[" + all + "]";
}

std::string yaml_of(const CatalogRow& row, const CatalogTable& table) {
  std::string text = "{source: " + quoted(row.sources) + ", retrieved: " + quoted(row.retrieved);
  if (!row.unverified.empty()) {
    text += ", unverified: " + (row.unverified.front() == "*" ? "true" : quoted(row.unverified));
  }
  for (const CatalogField& field : row.fields) {
    const auto column = std::find_if(table.columns.begin(),
                                     table.columns.end(),
                                     [&](const auto& c) { return c.name == field.name; });
    const bool is_list = column != table.columns.end() &&
                         CompatColumn(std::string(column->name), column->kind).is_list();
    text += ", " + std::string(field.name) + ": " +
            (is_list ? quoted(field.parts) : quoted(field.value));
  }
  return text + "}";
}

std::string yaml_of(const CatalogTable& table) {
  std::string text = std::string(table.name) + ":\n  rows:\n";
  for (const CatalogRow& row : table.rows)
    text += "    - " + yaml_of(row, table) + "\n";
  return text;
}

constexpr const char* new_gpu = R"(gpus:
  source: "a datasheet"
  retrieved: "2027-02"
  rows:
    - {name: "X900", aliases: ["X900-96GB"], architecture: "Blackwell", compute_capability: "12.1",
       memory_gib: 96, kind: datacenter, forward_compat: "yes", first_cuda: "12.9", last_cuda: null}
gpu_families:
  source: "a datasheet"
  retrieved: "2027-02"
  rows:
    - {name: "H100", models: ["H100 NVL", "X900"]}
)";

constexpr const char* new_torch = R"(torch_builds:
  source: ["release notes"]
  retrieved: "2027-01"
  as_of: "torch 2.99.0"
  rows:
    - {torch: "2.99.0", build: "cu126", cuda: "12.6", sm: [50, 90], min_driver: "525.60.13"}
    - {torch: "2.5.1", build: "cu124", cuda: "12.4", sm: [100, 121], ptx: [90], cudnn: "9.9",
       min_driver: "525.60.13", unverified: [ptx], note: "built by us"}
torch:
  source: "release notes"
  retrieved: "2027-01"
  rows:
    - {release: "2.99.0", released: "2027-01", python: ["3.14"], default_build: "cu126",
       wheel_tag: "manylinux_2_28_x86_64", glibc_min: "2.28"}
)";

}  // namespace

TEST_CASE("without folders the catalog is what is compiled in") {
  const Catalog catalog = load_catalog({});
  CHECK(catalog.tables().data() == built_in().tables().data());
  CHECK(catalog.gpus().data() == built_in().gpus().data());
  const TempDir dir;
  dir.write("own/README", "no rows here");
  const fs::path folders[] = {dir / "own"};
  CHECK(load_catalog(folders).gpus().data() == built_in().gpus().data());
}

TEST_CASE("a row that a file adds is a row like any other") {
  const TempDir dir;
  const Catalog catalog = with_files(dir, {{"gpus.yaml", new_gpu}});
  CHECK(catalog.gpus().size() == built_in().gpus().size() + 1);
  const auto match = catalog.find_gpu("X900-96GB");
  REQUIRE(match);
  const Gpu& gpu = *match->gpu;
  CHECK(gpu.name == "X900");
  CHECK(gpu.compute_capability == *Version::parse("12.1"));
  CHECK(gpu.memory_gib == 96);
  CHECK(gpu.kind == Gpu::Kind::datacenter);
  CHECK(gpu.forward_compat == Gpu::ForwardCompat::yes);
  CHECK_FALSE(gpu.last_cuda);
  CHECK(gpu.mig.empty());
  CHECK(gpu.row->origin == (dir / "own").string() + "/gpus.yaml:5:7");
  CHECK(gpu.row->retrieved == "2027-02");
  CHECK(gpu.row->sources.front() == "a datasheet");
  CHECK_FALSE(built_in().find_gpu("X900"));
  // The others are as they were, each with its own row.
  CHECK(catalog.find_gpu("L4")->gpu->row->name == "L4");
  CHECK(catalog.find_gpu("L4")->gpu->row->origin.empty());
}

TEST_CASE("a row of a known name replaces it, in its place") {
  const TempDir dir;
  const Catalog catalog = with_files(dir, {{"gpus.yaml", new_gpu}, {"torch.yml", new_torch}});
  // 94 GB against 96.
  CHECK(catalog.find_gpu("H100")->gpu->name == "H100 NVL");
  CHECK(catalog.find_table("gpu_families")->rows.size() ==
        built_in().find_table("gpu_families")->rows.size());
  const TorchBuild* const build = catalog.find_torch_build(*Version::parse("2.5.1"), "cu124");
  REQUIRE(build != nullptr);
  CHECK(std::vector<Version>(build->sm.begin(), build->sm.end()) ==
        std::vector<Version>{*Version::parse("10.0"), *Version::parse("12.1")});
  CHECK(build->ptx.size() == 1);
  CHECK(build->cudnn == *Version::parse("9.9"));
  CHECK_FALSE(build->nccl);
  CHECK(build->row->is_doubtful("ptx"));
  CHECK(build->row->at("note") == "built by us");
  CHECK(build->row->at("sm") == "100, 121");
  CHECK(find_rows(*catalog.find_table("torch_builds"), "2.5.1").size() == 3);
  CHECK(catalog.find_table("torch_builds")->as_of == "torch 2.99.0");
  // The table is as old as what is compiled in.
  CHECK(catalog.find_table("torch_builds")->retrieved == "2026-11");
  CHECK(catalog.torch_releases().back().release == *Version::parse("2.99.0"));
  CHECK(catalog.torch_releases().back().python.size() == 1);
}

TEST_CASE("of several folders the last one's rows count") {
  const TempDir dir;
  const std::string row =
      "quantisations:\n  source: \"a test\"\n  retrieved: \"2027-01\"\n"
      "  rows: [{method: fp8, title: \"FP8\", min_cc: ";
  dir.write("a/a.yaml", row + "\"9.0\"}]\n");
  dir.write("b/a.yaml", row + "\"10.0\"}]\n");
  const fs::path both[] = {dir / "a", dir / "b"};
  CHECK(load_catalog(both).find_quantisation("fp8")->min_cc == *Version::parse("10.0"));
  const fs::path first[] = {dir / "a"};
  CHECK(load_catalog(first).find_quantisation("fp8")->min_cc == *Version::parse("9.0"));
}

TEST_CASE("a catalog outlives what it was read from, and its copies") {
  std::optional<Catalog> copy;
  {
    const TempDir dir;
    const Catalog catalog = with_files(dir, {{"gpus.yaml", new_gpu}});
    copy = catalog;
  }
  CHECK(copy->find_gpu("X900")->gpu->row->at("architecture") == "Blackwell");
}

TEST_CASE("every row that is compiled in means the same when it is read from a file") {
  const TempDir dir;
  std::map<std::string, std::string> files;
  for (const CatalogTable* table : built_in().tables())
    files[std::string(table->name) + ".yaml"] = yaml_of(*table);
  const Catalog catalog = with_files(dir, files);
  for (std::size_t i = 0; i < catalog.tables().size(); ++i) {
    const CatalogTable& read = *catalog.tables()[i];
    const CatalogTable& known = *built_in().tables()[i];
    CAPTURE(std::string(known.name));
    REQUIRE(read.rows.size() == known.rows.size());
    for (std::size_t k = 0; k < known.rows.size(); ++k) {
      CHECK_FALSE(read.rows[k].origin.empty());
      CHECK(yaml_of(read.rows[k], read) == yaml_of(known.rows[k], known));
    }
  }
  for (std::size_t i = 0; i < built_in().torch_builds().size(); ++i) {
    const TorchBuild& read = catalog.torch_builds()[i];
    const TorchBuild& known = built_in().torch_builds()[i];
    CHECK(std::equal(read.sm.begin(), read.sm.end(), known.sm.begin(), known.sm.end()));
    CHECK(std::equal(read.ptx.begin(), read.ptx.end(), known.ptx.begin(), known.ptx.end()));
    CHECK(read.cudnn == known.cudnn);
    CHECK(read.min_driver == known.min_driver);
  }
  for (std::size_t i = 0; i < built_in().gpus().size(); ++i) {
    const Gpu& read = catalog.gpus()[i];
    const Gpu& known = built_in().gpus()[i];
    CHECK(read.kind == known.kind);
    CHECK(read.forward_compat == known.forward_compat);
    CHECK(read.last_cuda == known.last_cuda);
    CHECK(read.memory_gib == known.memory_gib);
    CHECK(std::equal(
        read.aliases.begin(), read.aliases.end(), known.aliases.begin(), known.aliases.end()));
  }
  for (std::size_t i = 0; i < built_in().cuda_toolkits().size(); ++i) {
    CHECK(catalog.cuda_toolkits()[i].minor_compat == built_in().cuda_toolkits()[i].minor_compat);
    CHECK(catalog.cuda_toolkits()[i].driver == built_in().cuda_toolkits()[i].driver);
  }
}

TEST_CASE("what is wrong with a file is said in one go, with its places") {
  CHECK(problems_with({{"a.yaml", R"(gpu:
  rows: []
quantisations:
  retrieved: "2027-01"
  rows:
    - {method: fp8, title: "FP8", min_cc: "8.9"}
    - {method: fp9, title: "FP9", min_cc: new, source: x}
    - {method: fp9, tilte: "FP9", min_cc: null, source: x}
    - {method: fp9, title: "FP9", min_cc: null, source: x, retrieved: today}
    - {method: fp9, title: "FP9", min_cc: null, source: x, colour: red}
    - [fp9]
torch:
  source: x
  retrieved: "2027-01"
  rows: 1
)"}}) == R"(a.yaml:1:1: the catalog has no table `gpu`
hint: did you mean `gpus`, `gpu_families`, `gpu_processors`?
a.yaml:6:7: a row needs a source
a.yaml:7:43: min_cc: `new` is no version
a.yaml:8:21: unknown key tilte
hint: did you mean `title`?
a.yaml:9:7: retrieved must be a date
a.yaml:10:60: unknown key colour
a.yaml:11:7: expected a map
a.yaml:15:9: rows must be a list
)");
}

TEST_CASE("a row without a date, and one that is there twice, are refused") {
  const std::string row = "    - {method: fp8, title: \"FP8\", min_cc: null}\n";
  CHECK(problems_with({{"a.yaml", "quantisations:\n  source: x\n  rows:\n" + row}}) ==
        "a.yaml:4:7: a row needs `retrieved`, when its source was read\n");
  const std::string head = "quantisations:\n  source: x\n  retrieved: \"2027-01\"\n  rows:\n";
  CHECK(problems_with({{"a.yaml", head + row + row}}) == "a.yaml:6:7: `fp8` is there twice\n");
  const std::string twice = problems_with({{"a.yaml", head + row}, {"b.yaml", head + row}});
  CHECK(twice.starts_with("b.yaml:5:7: `fp8` of quantisations is in "));
  CHECK(twice.ends_with("/own/a.yaml:5:7, too\n"));
}

TEST_CASE("rows have to refer to what there is") {
  const std::string head = "torch_builds:\n  source: x\n  retrieved: \"2027-01\"\n  rows:\n";
  CHECK(problems_with({{"a.yaml",
                        head + "    - {torch: \"2.99.0\", build: cu1, cuda: \"1.1\", "
                               "min_driver: \"1\"}\n"}}) ==
        "a.yaml:5:7: torch: `2.99.0` is not in torch.release\n"
        "a.yaml:5:7: cuda: `1.1` is not in cuda_toolkits.cuda\n");
  CHECK(problems_with({{"a.yaml", R"(gpu_families:
  source: x
  retrieved: "2027-01"
  rows: [{name: "L4", models: ["T4"]}, {name: "T", models: []}, {name: "T:1", models: ["T4"]}]
)"}}) == "a.yaml:4:10: the name `L4` is that of gpus `L4`, too\n"
         "a.yaml:4:40: a family needs models\n"
         "a.yaml:4:65: the name `T:1` holds a colon\n");
}

TEST_CASE("a row that others lean on is not replaced by one that they do not fit") {
  const CatalogTable& drivers = *built_in().find_table("drivers");
  std::string row = yaml_of(*find_rows(drivers, "535").front(), drivers);
  const std::string known = "native_cuda: \"12.2\"";
  REQUIRE(row.find(known) != std::string::npos);
  row.replace(row.find(known), known.size(), "native_cuda: \"99.9\"");
  const std::string problems = problems_with({{"a.yaml", "drivers:\n  rows: [" + row + "]\n"}});
  CHECK(
      problems.starts_with("own:0:0: with these rows `13.4-on-535` of forward_compat is wrong: "
                           "host_cuda: `12.2` is not in drivers.native_cuda\n"));
}

TEST_CASE("files that are no YAML, or too much of it, are refused") {
  CHECK(problems_with({{"a.yaml", "gpus: ["}}) ==
        "a.yaml:1:1: this is not YAML: end of sequence flow not found\n");
  CHECK(problems_with({{"a.yaml", "- 1\n"}}) ==
        "a.yaml:1:1: this must be a map of tables\nhint: write `TABLE: {rows: […]}`\n");
  CHECK(problems_with({{"a.yaml", "# nothing yet\n"}}) == "");
  CHECK(problems_with({{"a.yaml", "gpus:\n"}}) == "a.yaml:1:1: expected a map\n");
  const std::string deep = problems_with({{"a.yaml", "gpus: " + std::string(100'000, '[')}});
  CHECK(deep.find("nested deeper than 64 levels") != std::string::npos);
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'j'; ++c) {
    const char p = static_cast<char>(c - 1);
    bomb += std::string() + c + ": &" + c + " [*" + p + ", *" + p + ", *" + p + ", *" + p + ", *" +
            p + ", *" + p + ", *" + p + ", *" + p + "]\n";
  }
  CHECK(problems_with({{"a.yaml", bomb}}).find("more than 20000 values") != std::string::npos);
  CHECK(problems_with({{"a.yaml", std::string((1 << 20) + 1, ' ')}}).find("larger than") !=
        std::string::npos);
}

TEST_CASE("a folder that cannot be read is an error") {
  const fs::path folders[] = {"/no-such-folder"};
  CHECK_THROWS_WITH_AS(load_catalog(folders),
                       "the folder `/no-such-folder` with rows for the catalog could not be read: "
                       "No such file or directory",
                       Error);
}
