#pragma once

#include "lib/store/memo.h"
#include "lib/store/store.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mlpack {

struct Store::State {
  State(fs::path folder, Access the_access, const std::function<void(const std::string&)>& warn);

  fs::path root;
  Access access;
  std::optional<FileLock> lock;  // shared, but for gc; none where a reader may have none
  std::unique_ptr<Memo> memo;
};

}  // namespace mlpack
