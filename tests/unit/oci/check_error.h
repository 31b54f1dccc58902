#pragma once

#include "lib/error.h"

#include <doctest/doctest.h>

#include <string>

namespace mlpack::test {

/// Runs `work`, which must throw an Error, and returns it.
template <class Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  return {Fault::internal, "nothing was thrown"};
}

template <class Work>
void check_error(Work&& work, Fault fault, const std::string& message) {
  const Error error = error_of(work);
  CHECK(error.what() == message);
  CHECK(error.fault() == fault);
}

}  // namespace mlpack::test
