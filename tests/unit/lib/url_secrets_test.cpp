#include "lib/url_secrets.h"

#include <doctest/doctest.h>

using namespace mlpack;

TEST_CASE("a URL has no user, no password and no query without its secrets") {
  CHECK(url_without_secrets("https://u:p@h:1/a,b(1)/it's.whl?sig=S#sha256=00") ==
        "https://h:1/a,b(1)/it's.whl#sha256=00");
  CHECK(url_without_secrets("https://h/a@b?x") == "https://h/a@b");
  CHECK(url_without_secrets("wheels/a b.whl") == "wheels/a b.whl");
}

TEST_CASE("of URLs in a text the secrets are taken out, whatever stands in their paths") {
  CHECK(without_url_secrets("a = \"https://u:p@h/x(1),2.whl?sig=S\", see (http://h/y?t=S(2)") ==
        "a = \"https://h/x(1),2.whl\", see (http://h/y)");
  CHECK(without_url_secrets("none://") == "none://");
}
