#include "cli/diff_packages.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace mlpack;

namespace {

LayerFile layer_file(const std::string& path) {
  LayerFile file;
  file.entry.path = path;
  return file;
}

std::vector<LayerFile> layer_of(const std::vector<std::string>& paths) {
  std::vector<LayerFile> files;
  for (const std::string& path : paths)
    files.push_back(layer_file(path));
  return files;
}

std::vector<std::string> names_in(const PackageList& list) {
  std::vector<std::string> names;
  for (const PackageChange& change : PackageList::compare({}, list))
    names.push_back(change.name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a whiteout takes away what it names and what is below, and no neighbour") {
  const std::vector<std::string> below{"lib/a-1.dist-info/METADATA",
                                       "lib/sub/b-1.dist-info/METADATA",
                                       "lib/sub-other/c-1.dist-info/METADATA",
                                       "lib/sub0/d-1.dist-info/METADATA",
                                       "lib2/e-1.dist-info/METADATA"};
  PackageList list;
  list.add_layer(layer_of(below));
  list.add_layer(layer_of({"lib/.wh.sub"}));
  CHECK(names_in(list) == Names{"a", "c", "d", "e"});
  list.add_layer(layer_of({"lib/.wh.a-1.dist-info"}));
  CHECK(names_in(list) == Names{"c", "d", "e"});
  list.add_layer(layer_of({"lib/.wh..wh..opq"}));
  CHECK(names_in(list) == Names{"e"});
  list.add_layer(layer_of({".wh..wh..opq"}));
  CHECK(names_in(list).empty());
}

TEST_CASE("many whiteouts above many packages take no time") {
  constexpr int many = 200'000;
  std::vector<LayerFile> packages;
  std::vector<LayerFile> whiteouts;
  for (int i = 0; i < many; ++i) {
    packages.push_back(layer_file("lib/p" + std::to_string(i) + "-1.dist-info/METADATA"));
    whiteouts.push_back(layer_file("lib/.wh.q" + std::to_string(i)));
  }
  PackageList list;
  list.add_layer(packages);
  list.add_layer(whiteouts);
  CHECK(names_in(list).size() == many);
}
