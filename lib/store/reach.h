#pragma once

#include "lib/oci/descriptor.h"
#include "lib/store/store.h"

#include <set>
#include <string>
#include <vector>

namespace mlpack {

/// What the names of a store lead to: indexes, their manifests, configs and layers.
class Reach {
 public:
  /// `damaged` blobs are not read; they are problems of whoever needs them.
  explicit Reach(const Store& store, std::set<Digest> damaged = {});

  const std::set<Digest>& digests() const { return digests_; }
  /// Layers with the name of an image that needs them.
  const std::vector<std::pair<Descriptor, std::string>>& layers() const { return layers_; }
  /// Indexes, manifests and configs that are missing or damaged, one line each.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  enum class Missing { problem, allowed };

  void add(const Descriptor& entry, const std::string& name, Missing missing);
  void add_index(const Descriptor& entry, const std::string& name);
  void add_manifest(const Descriptor& entry, const std::string& name);
  bool is_there(const Digest& digest, const std::string& name, Missing missing);

  const Store& store_;
  std::set<Digest> damaged_;
  std::set<Digest> digests_;
  std::vector<std::pair<Descriptor, std::string>> layers_;
  std::vector<std::string> problems_;
};

}  // namespace mlpack
