#include "lib/host/flat_toml.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("keys of TOML are found with their tables") {
  const auto values = flat_toml(
      "version = 2 # of the file\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
      "  default_runtime_name = \"nv#idia\"   # quoted\n"
      "[[list]]\n"
      "name = 'x'\n"
      "not a line\n"
      "[\n"
      "]]\n"
      "last = [1, 2]\n");
  CHECK(values.at("version") == "2");
  CHECK(values.at("plugins.\"io.containerd.grpc.v1.cri\".containerd.default_runtime_name") ==
        "nv#idia");
  CHECK(values.at("list.name") == "x");
  CHECK(values.at("last") == "[1, 2]");
  CHECK(values.size() == 4);
}
