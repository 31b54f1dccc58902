#include "lib/lock/changes.h"

#include "tests/unit/lock/sample.h"

#include <doctest/doctest.h>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("equal locks have no changes, and neither have those that differ in layers alone") {
  Lock now = sample_lock();
  CHECK(changes(sample_lock(), now).empty());
  now.platforms[amd64].layers.clear();
  now.platforms[amd64].system->root.reset();
  CHECK(changes(sample_lock(), now).empty());
}

TEST_CASE("what is new altogether is a line for each part") {
  CHECK(changes(Lock(), sample_lock()) ==
        Texts{"platform: linux/amd64",
              "weights `w`: 0123456789012345678901234567890123456789, 2 files",
              "weights `i`: " + digest_of("image").text(),
              "linux/amd64: base `debian:12`: " + digest_of("base").text(),
              "linux/amd64: 2 packages of bookworm",
              "linux/amd64: user: 65532"});
}

TEST_CASE("a platform for which nothing is chosen is a change where it is new") {
  Lock now;
  now.platforms[amd64];
  CHECK(changes(Lock(), now) == Texts{"linux/amd64: the spec leaves nothing open"});
  CHECK(changes(now, now).empty());
  CHECK(changes(now, Lock()) == Texts{"linux/amd64: gone"});
  now.platform = amd64;
  CHECK(changes(Lock(), now) == Texts{"platform: linux/amd64"});
}

TEST_CASE("what moved is named with what it was and what it is") {
  Lock now = sample_lock();
  now.weights[0].revision = "fedcba9876543210fedcba9876543210fedcba98";
  now.weights[0].files[0].size = 3;
  now.weights.pop_back();
  LockedPlatform& platform = now.platforms[amd64];
  platform.base->digest = digest_of("moved");
  platform.system->packages[0].version = "1-3";
  platform.system->packages[1].sha256 = digest_of("another zlib");
  platform.decisions[0].chosen = "1000";
  CHECK(changes(sample_lock(), now) ==
        Texts{"weights `w`: 0123456789012345678901234567890123456789 → "
              "fedcba9876543210fedcba9876543210fedcba98",
              "weights `w`: 1 changed file",
              "weights `i`: gone",
              "linux/amd64: base `debian:12`: " + digest_of("base").text() + " → " +
                  digest_of("moved").text(),
              "linux/amd64: less 1-2 → 1-3",
              "linux/amd64: zlib1g 3 is another file",
              "linux/amd64: user: 65532 → 1000"});
}

TEST_CASE("a sha256 that was learnt is no change") {
  Lock now = sample_lock();
  now.weights[0].files[1].sha256 = digest_of("learnt");
  CHECK(changes(sample_lock(), now).empty());
  CHECK(changes(now, sample_lock()).empty());
}
