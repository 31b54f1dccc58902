#include "registry/retry.h"

#include "lib/error.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("Retry-After is read as seconds and as a date") {
  CHECK(parse_retry_after("120", 0) == 120);
  CHECK(parse_retry_after(" 0 ", 0) == 0);
  CHECK(parse_retry_after("Thu, 01 Jan 1970 00:02:00 GMT", 60) == 60);
  CHECK(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", 60) == 0);
  CHECK(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", 946684799) == 0);
  for (const char* text : {"", "-1", "soon", "1e9", "Thu, 99 Foo 1970 00:00:00 GMT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_retry_after(text, 0));
  }
}

TEST_CASE("waits double up to the limit, and begin anew after progress") {
  RetryPolicy policy;
  policy.random = [] { return 1.0; };
  Attempts attempts(policy, 10);
  std::vector<double> waits;
  while (attempts.again()) {
    waits.push_back(attempts.wait());
  }
  CHECK(waits == std::vector<double>{0.5, 1, 2, 4, 8, 16, 30, 30, 30});
  attempts.progressed();
  CHECK(attempts.again());
  CHECK(attempts.wait() == 0.5);
}

TEST_CASE("half of a wait is chance") {
  RetryPolicy policy;
  policy.random = [] { return 0.0; };
  Attempts attempts(policy, 10);
  attempts.again();
  CHECK(attempts.wait() == 0.25);
}

TEST_CASE("only statuses that may pass are tried again") {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    CHECK(is_passing(status));
  }
  for (const int status : {200, 400, 401, 403, 404, 413, 416, 501, 505}) {
    CHECK_FALSE(is_passing(status));
  }
}

TEST_CASE("a stop ends a wait") {
  Stop stop;
  const RetryPolicy policy = complete({}, stop);
  stop.request(Fault::interrupted);
  CHECK_THROWS_WITH_AS(policy.sleep(60), "interrupted", Error);
}
