#pragma once

#include "lib/error.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>

namespace mlpack::test {

/// What `work` fails with, `message | hint` (no bar where there is no hint); it must be `fault`.
inline std::string failure(Fault fault, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.fault() == fault);
    return error.hint().empty() ? error.what() : std::string(error.what()) + " | " + error.hint();
  }
  return "nothing failed";
}

}  // namespace mlpack::test
