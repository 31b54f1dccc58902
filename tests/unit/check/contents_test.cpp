#include "support.h"

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("secrets in an image are dangerous, wherever they are but in tests of packages") {
  TestImage image;
  image.add_content("app/key.pem").secret = "a private key";
  image.add_content("usr/lib/python3/dist-packages/x/tests/key.pem").secret = "a private key";
  const Finding found = image.only();
  CHECK(found.id == "secret");
  CHECK(found.kind == Finding::Kind::safety);
  CHECK(found.what == "`/app/key.pem` holds a private key");
}

TEST_CASE("a secret that layers above remove or replace is in the image, and is told once") {
  TestImage image;
  TestImage lower;
  for (const char* path : {"app/removed.pem", "app/replaced.pem", "app/kept.pem"})
    lower.add_content(path).secret = "a private key";
  lower.add_content("x/tests/key.pem").secret = "a private key";
  image.below = {lower.top, lower.top};
  image.top.removed = {"app/removed.pem", "x"};
  image.add_content("app/replaced.pem").text = "nothing";
  image.add_content("app/kept.pem").secret = "a private key";
  const Findings found = image.check();
  REQUIRE(found.size() == 3);
  CHECK(found[0].what == "`/app/kept.pem` holds a private key");
  CHECK(found[1].what ==
        "`/app/removed.pem` in layer 1 of 3 holds a private key, though it is "
        "removed later");
  CHECK(found[2].what ==
        "`/app/replaced.pem` in layer 1 of 3 holds a private key, though it is "
        "replaced later");
  CHECK(found[1].file == "app/removed.pem");
  CHECK(found[1].kind == Finding::Kind::safety);
}

TEST_CASE("a pickle that calls what runs code is dangerous, one of tensors is not") {
  TestImage image;
  image.add_content("models/a.bin").imports = {"collections.OrderedDict",
                                               "torch._utils._rebuild_tensor_v2"};
  CHECK(image.ids() == Ids{});
  image.add_content("models/b.bin").imports = {"builtins.eval", "posix.system"};
  const Finding found = image.only();
  CHECK(found.id == "pickle-code");
  CHECK(found.kind == Finding::Kind::safety);
  CHECK(found.why == "its pickle calls `builtins.eval`, `posix.system`");
  TestImage other;
  other.add_content("models/c.pkl").imports = {"mycompany.Model"};
  CHECK(other.ids() == Ids{"warning pickle-imports"});
}

TEST_CASE("pointers of Git LFS are no weights") {
  TestImage image;
  image.add_content("models/a.safetensors").is_lfs_pointer = true;
  image.add_content("models/b.safetensors").is_lfs_pointer = true;
  CHECK(image.only().what ==
        "`/models/a.safetensors` and 1 more is a pointer of Git LFS, not the file itself");
}

TEST_CASE("onnxruntime and onnxruntime-gpu exclude each other") {
  TestImage image;
  const std::string place = "opt/venv/lib/python3.11/site-packages/";
  image.add_content(place + "onnxruntime-1.20.0.dist-info/METADATA");
  CHECK(image.ids() == Ids{});
  image.add_content(place + "onnxruntime_gpu-1.20.0.dist-info/METADATA");
  CHECK(image.only().id == "onnxruntime-twice");
}

TEST_CASE("secrets in the configuration are dangerous, and are named but not shown") {
  const std::string token = "hf" + std::string("_AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
  TestImage image;
  image.config.set_env("HF_TOKEN", token);
  CHECK(image.only().what ==
        "the configuration of the image holds a secret: `HF_TOKEN` in its environment");
  CHECK(image.only().kind == Finding::Kind::safety);
  image.config.set_env("HF_TOKEN", "");
  image.config.history.push_back({"", "ARG TOKEN=" + token, "", true});
  CHECK(image.only().what ==
        "the configuration of the image holds a secret: step 1 of its history");
}
