#include "layers/weights_check.h"

#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/model/builders.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// A folder of weights, as an entry of a spec names it.
struct CheckedModel {
  CheckedModel() {
    input.source = dir / "m";
    input.target = "/models/base";
    input.links = TreeInput::Links::follow;
  }

  std::string refusal(Store* store = nullptr) const {
    try {
      auto entries = walk(input);
      check_weights(entries, input, store);
    } catch (const Error& error) {
      return fmt::format("{} {} | {}", static_cast<int>(error.fault()), error.what(), error.hint());
    }
    return "accepted";
  }
  std::vector<std::string> kept() const {
    auto entries = walk(input);
    check_weights(entries, input);
    std::vector<std::string> paths;
    for (const RecipeEntry& entry : entries)
      paths.push_back(entry.path);
    return paths;
  }

  TempDir dir;
  TreeInput input;
};

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("a model that is whole is accepted") {
  const CheckedModel model;
  model.dir.write("m/model.safetensors", small_safetensors());
  model.dir.write("m/b.gguf", small_gguf());
  CHECK(model.refusal() == "accepted");
}

TEST_CASE("files that are unfit are refused together, a secret first") {
  const CheckedModel model;
  model.dir.write("m/model.safetensors", small_safetensors());
  model.dir.write("m/a.gguf", "<html>no such file</html>");
  CHECK(model.refusal() ==
        "3 `a.gguf` is a web page: it begins with `<` | download it again, logged in if need be");
  model.dir.write("m/b.safetensors", "");
  CHECK(model.refusal() ==
        "3 `a.gguf` is a web page: it begins with `<`; also `b.safetensors` is empty | download it "
        "again, logged in if need be");
  for (const std::string name : {"c", "d", "e", "f", "g", "h"})
    model.dir.write("m/" + name + ".safetensors", "");
  CHECK(model.refusal() ==
        "3 `a.gguf` is a web page: it begins with `<`; also `b.safetensors` is empty, "
        "`c.safetensors` is empty, `d.safetensors` is empty, `e.safetensors` is empty, "
        "`f.safetensors` is empty, 2 more | download it again, logged in if need be");
  model.dir.write("m/token", "hf_abcdefghijklmnop");
  CHECK(model.refusal().starts_with(
      "11 `token` holds a token: whoever can pull the image could read it; also `a.gguf` is a web "
      "page, "));
}

TEST_CASE("a file as source is a model of one file") {
  CheckedModel model;
  model.input.source = model.dir.write("m/b.gguf", small_gguf().substr(0, 300));
  model.input.target = "/models/mine.gguf";
  CHECK(model.refusal().starts_with("3 `mine.gguf` is cut: "));
  model.input.target = "/models/";
  CHECK(model.refusal().starts_with("3 `b.gguf` is cut: "));
  model.input.target = "/mine.gguf";
  CHECK(model.refusal().starts_with("3 `mine.gguf` is cut: "));
}

TEST_CASE("of weights that are there twice one set is packaged, and an include has both") {
  CheckedModel model;
  model.dir.write("m/config.json", "{}");
  model.dir.write("m/model.safetensors", small_safetensors());
  model.dir.write("m/consolidated.safetensors", small_safetensors());
  model.dir.write("m/original/params.json", "{}");
  model.dir.write("m/original/consolidated.00.pth", std::string(2000, 'x'));
  auto entries = walk(model.input);
  const WeightsCheck checked = check_weights(entries, model.input);
  CHECK(checked.choices ==
        Paths{"the weights are there more than once: those of `model.safetensors` are kept, "
              "`consolidated.safetensors` is left out",
              "the weights are there more than once: those of `model.safetensors` are kept, "
              "`original/consolidated.00.pth` and 1 more are left out"});
  CHECK(checked.warnings.empty());

  CHECK(model.kept() ==
        Paths{"models/base", "models/base/config.json", "models/base/model.safetensors"});
  model.input.include = {"*.safetensors", "config.json"};
  CHECK(model.kept() == Paths{"models/base",
                              "models/base/config.json",
                              "models/base/consolidated.safetensors",
                              "models/base/model.safetensors"});
  model.dir.write("m/consolidated.safetensors", "cut");
  CHECK(model.refusal().starts_with("3 `consolidated.safetensors` is cut"));
}

TEST_CASE("a model that was found good is not read again, until any of its files is another") {
  const CheckedModel model;
  model.dir.write("m/a.safetensors", small_safetensors());
  model.dir.write("m/model.safetensors.index.json",
                  R"({"weight_map":{"a.weight":"a.safetensors","b.weight":"a.safetensors"}})");
  model.dir.write("m/old.safetensors", small_safetensors());
  Store store(model.dir / "store");
  auto entries = walk(model.input);
  const auto warnings = check_weights(entries, model.input, &store).warnings;
  CHECK(warnings.size() == 1);
  fs::rename(model.dir / "m", model.dir / "gone");
  CHECK(check_weights(entries, model.input, &store).warnings == warnings);
  CHECK_THROWS_AS(check_weights(entries, model.input), Error);

  fs::rename(model.dir / "gone", model.dir / "m");
  CHECK(model.refusal(&store) == "accepted");
  fs::remove(model.dir / "m/a.safetensors");
  CHECK(model.refusal(&store).starts_with(
      "3 `model.safetensors.index.json` names a shard that is missing: "));
}
