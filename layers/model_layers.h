#pragma once

#include "layers/tar_reader.h"
#include "lib/model/model.h"
#include "lib/oci/recipe.h"
#include "lib/parallel.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// Finds the files of models in the layers of an image, which are added from the lowest. Of a
/// layer's files it keeps what read_model looks at (headers and descriptions, no tensors): at most
/// 1 GiB in all, Fault::input beyond.
class ModelLayers {
 public:
  /// Of a layer that is for weights every file belongs to the model; of any other those that lie in
  /// folders with weights or below them.
  enum class Purpose { weights, any };

  /// `stop` must outlive it; `open_remote` is for files in the network.
  explicit ModelLayers(const Stop& stop, OpenRemoteReadAt open_remote = {})
      : stop_(stop), open_remote_(std::move(open_remote)) {}

  /// All files of `recipe`, which are opened where they lie.
  void add(const LayerRecipe& recipe);
  /// A layer that was built by whomever; `size` is that of the uncompressed tar where it is known,
  /// else 0. Reading stops behind the last entry.
  void add(TarReader& tar, std::uint64_t size, Purpose purpose);

  /// The files of models, relative to the folder that holds them all.
  std::vector<ModelFile> files() const;

 private:
  struct Found {
    ModelFile file;
    Purpose purpose = Purpose::any;
  };
  void add_entry(TarReader& tar, const TarEntry& entry, Purpose purpose);
  void add_file(TarReader& tar, const TarEntry& entry, Purpose purpose);
  void add_link(const TarEntry& entry);
  void remove_below(const std::string& folder);
  bool is_of_model(const std::string& path) const;

  const Stop& stop_;
  OpenRemoteReadAt open_remote_;
  std::uint64_t kept_ = 0;
  std::map<std::string, Found> found_;  // by path in the image
  std::set<std::string> with_weights_;  // folders, as `a/b/`
};

}  // namespace mlpack
