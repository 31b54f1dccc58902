#include "lib/model/describe.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>

#include <random>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// Counts the bytes that are asked for, and has none but zeros behind its front.
class Counting : public ReadAt {
 public:
  Counting(std::string front, std::uint64_t size, std::uint64_t& read)
      : front_(std::move(front)), size_(size), read_(read) {}
  std::uint64_t size() const override { return size_; }
  void read_at(std::uint64_t offset, std::span<std::byte> buffer) const override {
    CHECK(offset + buffer.size() <= size_);
    read_ += buffer.size();
    for (std::size_t i = 0; i < buffer.size(); ++i) {
      buffer[i] = static_cast<std::byte>(offset + i < front_.size() ? front_[offset + i] : 0);
    }
  }

 private:
  std::string front_;
  std::uint64_t size_;
  std::uint64_t& read_;
};

const Files samples{
    {"a.safetensors", small_safetensors()},
    {"a.gguf", small_gguf()},
    {"a.onnx", onnx_model({onnx_tensor(3), onnx_external(8, "a.data")})},
    {"a.pt", zip({{"a/data.pkl", "x"}, {"a/data/0", "wwww"}})},
    {"config.json", R"({"architectures":["A"],"quantization_config":{"quant_method":"fp8"}})"},
    {"adapter_config.json", R"({"r":8,"rank_pattern":{"q":16}})"},
    {"model.safetensors.index.json", R"({"weight_map":{"a":"a.safetensors"}})"},
};

}  // namespace

TEST_CASE("a file that is cut anywhere is found out") {
  for (const auto& sample : samples) {
    const std::string& path = sample.first;
    const std::string& bytes = sample.second;
    if (path == "a.onnx") continue;  // below: its data is missing as well
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      INFO(path << " of " << length);
      const ModelReport report = read({{path, bytes.substr(0, length)}});
      REQUIRE(report.problems.size() == 1);
      CHECK(report.problems[0].file == path);
      CHECK(report.problems[0].fault == Fault::input);
    }
  }
  const std::string onnx = onnx_model({onnx_tensor(3)});
  CHECK(problems({{"a.onnx", onnx}}).empty());
  for (std::size_t length = 0; length < onnx.size(); ++length)
    CHECK(!problems({{"a.onnx", onnx.substr(0, length)}}).empty());
}

TEST_CASE("no damage to a file brings it down") {
  std::mt19937 random(20'261'123);  // NOLINT(bugprone-random-generator-seed): the same every time
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 10'000; ++round) {
    auto sample = samples.begin();
    std::advance(sample, static_cast<std::ptrdiff_t>(below(samples.size())));
    Files files = samples;
    std::string& bytes = files[sample->first];
    for (std::size_t flips = 1 + below(4); flips > 0; --flips)
      bytes[below(bytes.size())] = static_cast<char>(below(256));
    if (below(8) == 0) bytes.resize(below(bytes.size()));
    const ModelReport report = read(files);
    CHECK(report.files.size() == files.size());
    for (const ModelProblem& problem : report.problems)
      CHECK(!problem.why.empty());
  }
}

TEST_CASE("only the header of a large file is read") {
  const std::string header =
      R"({"a":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}})";
  const std::string front = little(header.size()) + header;
  const std::uint64_t size = front.size() + (std::uint64_t{1} << 40);
  std::uint64_t read = 0;
  const ModelReport report = read_model(
      {{"a.safetensors", size, [&] { return std::make_unique<Counting>(front, size, read); }}});
  CHECK(report.problems.empty());
  CHECK(report.summary.parameters == std::uint64_t{1} << 40);
  CHECK(read < 64 << 10);
}

TEST_CASE("a header that only claims to be long costs nothing") {
  const std::uint64_t huge = ~std::uint64_t{0};
  const auto refused = [](const std::string& bytes) {
    CHECK(!problems({{"a.gguf", bytes}}).empty());
  };
  const std::string start = "GGUF" + little(3, 4);
  refused(start + little(huge) + little(huge));
  refused(start + little(huge) + little(0));
  refused(start + little(0) + little(1) + little(huge));
  refused(start + little(0) + little(1) + little(1) + "a" + little(9, 4) + little(10, 4) +
          little(huge));
  refused(start + little(0) + little(1) + little(1) + "a" + little(9, 4) + little(8, 4) +
          little(huge));
  refused(start + little(0) + little(1) + little(1) + "a" + little(8, 4) + little(huge));
}

TEST_CASE("files are read where they lie") {
  const TempDir dir;
  const fs::path place = dir.write("m/a.safetensors", small_safetensors());
  const std::uint64_t size = fs::file_size(place);
  CHECK(read_model({model_file("a.safetensors", place, size)}).problems.empty());
  CHECK_THROWS_WITH_AS(read_model({model_file("a.safetensors", place, size + 1)}),
                       doctest::Contains("is shorter than it was"),
                       Error);
  CHECK_THROWS_AS(read_model({model_file("b.gguf", dir / "m/b.gguf", 1)}), Error);
}

TEST_CASE("the entries of a recipe are files of a model") {
  const TempDir dir;
  const std::string bytes = small_safetensors();
  const fs::path place = dir.write("layer.tar", std::string(512, 'h') + bytes);
  RecipeEntry range;
  range.path = "models/base/a.safetensors";
  range.size = bytes.size();
  range.content = FileRange{place, identity_of(open_regular(place)), 512};
  RecipeEntry text;
  text.path = "models/base/config.json";
  text.content = std::string(R"({"model_type":"bert"})");
  text.size = std::get<std::string>(text.content).size();
  RecipeEntry other = text;
  other.path = "models/other/config.json";
  const std::vector<ModelFile> files = model_files({range, text, other}, "models/base");
  CHECK(files.size() == 2);
  const ModelReport report = read_model(files);
  CHECK(report.problems.empty());
  CHECK(report.summary.model_type == "bert");
  CHECK(report.summary.tensors == 2);
}

TEST_CASE("a file that is put together is read across its parts") {
  const TempDir dir;
  const std::string bytes = small_safetensors();
  const std::size_t half = bytes.size() / 2;
  const fs::path place = dir.write("half", "xx" + bytes.substr(half));
  const FileRange rest{place, identity_of(open_regular(place)), 2};
  RecipeEntry entry;
  entry.path = "a.safetensors";
  entry.size = bytes.size();
  entry.content =
      Parts{{bytes.substr(0, half), half}, {std::string(), 0}, {rest, bytes.size() - half}};
  const std::vector<ModelFile> files = model_files({entry}, "");
  const ModelReport report = read_model(files);
  CHECK(report.problems.empty());
  CHECK(report.summary.tensors == 2);
  std::string read(6, '\0');
  files.at(0).open()->read_at(half - 3, std::as_writable_bytes(std::span(read)));
  CHECK(read == bytes.substr(half - 3, 6));
}

TEST_CASE("text that is no UTF-8 is described all the same") {
  const ModelReport report =
      read({{"a\xFF.bin", "x"},
            {"a.gguf", GgufBuilder().text("general.architecture", "\xFF\x1B").bytes()}});
  CHECK(describe(report.summary).find("\\xff\\x1b") != std::string::npos);
  CHECK(std::string(as_error(report.problems.at(0)).what()).starts_with("`a\\xff.bin`"));
}
