#pragma once

#include "lib/store/memo.h"
#include "lib/store/store.h"

#include <functional>
#include <optional>
#include <string>

namespace mlpack {

struct Store::State {
  State(fs::path folder, const std::function<void(const std::string&)>& warn);

  fs::path root;
  std::optional<FileLock> lock;  // shared, but for gc
  Memo memo;
};

}  // namespace mlpack
