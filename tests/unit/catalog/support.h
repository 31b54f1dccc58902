#pragma once

#include "lib/catalog/catalog.h"

namespace mlpack::test {

inline const Catalog& built_in() {
  return Catalog::built_in();
}

}  // namespace mlpack::test
