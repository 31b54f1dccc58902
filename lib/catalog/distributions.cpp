#include "lib/catalog/distributions.h"

#include "lib/catalog/tables.h"

namespace mlpack {

const Distribution* find_distribution(std::string_view codename) {
  for (const Distribution& row : tables::distributions) {
    if (row.codename == codename) return &row;
  }
  return nullptr;
}

std::span<const Distribution> distributions() {
  return tables::distributions;
}

std::string_view keyring_folder() {
  return tables::keyring_folder;
}

}  // namespace mlpack
