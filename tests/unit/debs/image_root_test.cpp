#include "layers/image_root.h"

#include "tests/unit/debs/rig.h"
#include "tests/unit/debs/support.h"
#include "tests/unit/layers/support.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

namespace {

LayerListing layer(std::vector<RecipeEntry> entries) {
  LayerListing listing;
  listing.entries = std::move(entries);
  return listing;
}

bool has(const RootPaths& root, const std::string& path) {
  return root.find(path) != nullptr;
}

Descriptor descriptor_of(const std::string& tar) {
  return {std::string(media_type::oci_layer), Digest::of(tar), tar.size(), {}, {}};
}

}  // namespace

TEST_CASE("a layer takes away what lies below it before it adds") {
  LayerListing upper = layer({folder_entry("b"), text_entry("b/new", ""), text_entry("c", "")});
  upper.removed = {"a/x", "a/folder"};
  upper.emptied = {"b"};
  const RootPaths root = stack_layers({layer({text_entry("a/x", ""),
                                              text_entry("a/xy", ""),
                                              text_entry("a/folder/deep/er", ""),
                                              folder_entry("b"),
                                              text_entry("b/old", ""),
                                              folder_entry("c"),
                                              text_entry("c/old", "")}),
                                       upper});
  CHECK(!has(root, "a/x"));
  CHECK(has(root, "a/xy"));
  CHECK(!has(root, "a/folder/deep/er"));
  CHECK(!has(root, "b/old"));
  CHECK(has(root, "b/new"));
  CHECK(!has(root, "c/old"));
  CHECK(root.owner("c") == RootPaths::the_base);
}

TEST_CASE("names in a layer go through the links below them") {
  LayerListing upper = layer({text_entry("lib/x.so", "")});
  upper.removed = {"lib/old.so"};
  const RootPaths root = stack_layers({layer({folder_entry("usr/lib"),
                                              text_entry("usr/lib/old.so", ""),
                                              link_entry("lib", "usr/lib")}),
                                       upper});
  CHECK(has(root, "usr/lib/x.so"));
  CHECK(!has(root, "lib/x.so"));
  CHECK(!has(root, "usr/lib/old.so"));
}

TEST_CASE("a text is found through links, soft and hard") {
  RecipeEntry hard = link_entry("etc/hard", "usr/lib/os-release");
  hard.kind = EntryKind::hardlink;
  const RootPaths root = stack_layers({layer({text_entry("usr/lib/os-release", "ID=debian\n"),
                                              link_entry("etc/os-release", "../usr/lib/os-release"),
                                              hard})});
  CHECK(text_in(root, "etc/os-release") == "ID=debian\n");
  CHECK(text_in(root, "etc/hard") == "ID=debian\n");
  CHECK(!text_in(root, "etc/none"));
}

TEST_CASE("each layer of an image is read once ever, and none that the store has a recipe of") {
  DebianRig rig;
  const std::string first = tar_of({text_entry("etc/os-release", "ID=debian\n")});
  const std::string second = tar_of({text_entry("models/m", "weights")});
  LayerRecipe weights;
  weights.entries = {text_entry("models/m", "weights")};
  rig.store.put_recipe(Digest::of(second), weights);
  const std::vector<Descriptor> layers{descriptor_of(first), descriptor_of(second)};
  std::vector<Digest> asked;
  const OpenBlob open = [&](const Descriptor& blob) {
    asked.push_back(blob.digest);
    return std::make_unique<StringSource>(first);
  };
  CHECK(!local_image_root(layers, open, rig.context));
  CHECK(asked.empty());
  for (int times = 0; times < 2; ++times) {
    const RootPaths root = read_image_root(layers, open, rig.context);
    CHECK(text_in(root, "etc/os-release") == "ID=debian\n");
    CHECK(has(root, "models/m"));
  }
  CHECK(asked == std::vector<Digest>{Digest::of(first)});
  CHECK(local_image_root(layers, open, rig.context));
  CHECK(asked.size() == 1);
}

TEST_CASE("layers in the store are read where a root is wanted without a network") {
  DebianRig rig;
  const std::string tar = tar_of({text_entry("etc/os-release", "ID=debian\n")});
  rig.store.put_blob(tar);
  const OpenBlob open = [&](const Descriptor&) { return std::make_unique<StringSource>(tar); };
  CHECK(local_image_root({descriptor_of(tar)}, open, rig.context));
  Descriptor odd = descriptor_of(tar_of({}));
  odd.media_type = "application/x-odd";
  rig.store.put_blob(tar_of({}));
  CHECK(!local_image_root({descriptor_of(tar), odd}, open, rig.context));
}

TEST_CASE("what is no layer is told with its type") {
  DebianRig rig;
  Descriptor odd = descriptor_of("x");
  odd.media_type = "application/x-odd";
  CHECK(failure(Fault::input, [&] { read_image_root({odd}, {}, rig.context); }) ==
        "`" + odd.digest.text() + "` is no layer: application/x-odd");
}
