#include "registry/helper.h"

#include "lib/error.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("input that a helper has no room for is an error, not left out") {
  const std::string input(std::size_t{1} << 23, 'x');
  const HelperTask task{.kind = "the resolver", .hint = "run it by hand", .fault = Fault::network};
  try {
    run_helper({"/bin/sh", "-c", "kill -STOP $$"}, input, {}, task);
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) ==
          "the resolver `sh` would have to read 8388608 bytes, which is too much");
    CHECK(error.fault() == Fault::network);
  }
  CHECK(run_helper({"/bin/cat"}, "few", {}, task).output == "few");
  CHECK(run_helper({"/bin/true"}, "nobody reads it", {}, task).status == 0);
}
