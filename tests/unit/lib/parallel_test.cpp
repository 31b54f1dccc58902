#include "lib/parallel.h"

#include <doctest/doctest.h>

#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

using namespace mlpack;

TEST_CASE("every index is worked on once") {
  std::vector<int> seen(100, 0);
  parallel_for(seen.size(), 8, [&](std::size_t i) { ++seen[i]; });
  CHECK(seen == std::vector<int>(100, 1));
}

TEST_CASE("the first exception is rethrown and stops what has not started") {
  std::atomic<int> ran{0};
  CHECK_THROWS_WITH(parallel_for(1000,
                                 1,
                                 [&](std::size_t i) {
                                   ++ran;
                                   if (i == 3) throw std::runtime_error("three");
                                 }),
                    "three");
  CHECK(ran == 4);
}

TEST_CASE("of several exceptions that of the lowest index is told") {
  std::latch all(4);
  CHECK_THROWS_WITH(parallel_for(4,
                                 4,
                                 [&](std::size_t i) {
                                   all.arrive_and_wait();
                                   if (i > 0) throw std::runtime_error(std::to_string(i));
                                 }),
                    "1");
}

TEST_CASE("nothing to do is done at once") {
  parallel_for(0, 4, [](std::size_t) { FAIL("called"); });
}

TEST_CASE("a requested stop surfaces as its fault") {
  Stop stop;
  CHECK_NOTHROW(stop.check());
  stop.request(Fault::terminated);
  CHECK_THROWS_WITH_AS(stop.check(), "terminated", Error);
}
