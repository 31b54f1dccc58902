#include "cli/python_refusal.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace mlpack;

TEST_CASE("what resolvers say is told apart") {
  const std::vector<std::pair<std::string, Refusal>> said{
      {"Usage: pip3 install [options] no such option: --report", Refusal::too_old},
      {"error: unexpected argument '--torch-backend' found", Refusal::too_old},
      {"error: invalid value 'pylock.toml' for '--format <FORMAT>'", Refusal::too_old},
      {"WARNING: Retrying (Retry(total=0)) after connection broken by "
       "'NewConnectionError('Connection refused')': /simple/six/ ERROR: No matching distribution "
       "found for six",
       Refusal::unreachable},
      {"error: Request failed after 3 retries cause: error sending request for url "
       "(http://127.0.0.1:1/simple/six/)",
       Refusal::unreachable},
      {"Because six was not found in the package registry hint: An index URL could not be queried "
       "due to a lack of valid authentication credentials (401 Unauthorized)",
       Refusal::denied},
      {"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
       Refusal::hashes},
      {"ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==.",
       Refusal::half_hashed},
      {"ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: "
       "'/p/six-1.0-py3-none-any.whl'",
       Refusal::missing},
      {"error: Distribution not found at: file:///p/x.whl", Refusal::missing},
      {"Usage: pip [options] ERROR: Invalid requirement: --frob pip: error: no such option: --frob",
       Refusal::unreadable},
      {"error: Building source distributions is disabled", Refusal::project},
      {"error: Requested extra not found: nosuch", Refusal::choice},
      {"error: The dependency group 'x' was not found in the project: pyproject.toml",
       Refusal::choice},
      {"error: subprocess-exited-with-error", Refusal::building},
      {"error: Failed to download and build `x @ git+https://h/x.git`", Refusal::building},
      {"ERROR: Cannot install a and b because these package versions have conflicting "
       "dependencies. ERROR: ResolutionImpossible: for help visit",
       Refusal::conflict},
      {"Because you require six==1.0 and six==1.1, we can conclude that your requirements are "
       "unsatisfiable.",
       Refusal::conflict},
      {"ERROR: No matching distribution found for six==9", Refusal::no_match},
      {"Because there is no version of six==9 and you require six==9, we can conclude that your "
       "requirements are unsatisfiable.",
       Refusal::no_match},
      {"what nobody has heard before", Refusal::other}};
  for (const auto& one : said) {
    INFO(one.first);
    CHECK(refusal_in(one.first) == one.second);
  }
}

TEST_CASE("extras that a package does not have are told") {
  CHECK(unknown_extras("Resolved 1 package in 56ms\nwarning: The package `six==1.1` does not have "
                       "an extra named `x`\n"
                       "WARNING: six 1.1 does not provide the extra 'x'\nWARNING: other\n") ==
        std::vector<std::string>{"The package `six==1.1` does not have an extra named `x`",
                                 "six 1.1 does not provide the extra 'x'"});
}

TEST_CASE("a refusal is shown on one line, once, and without secrets") {
  CHECK(shown_refusal("", "ERROR: one\n\n  two \n") == "ERROR: one two");
  CHECK(
      shown_refusal("", "Usage:   \n  pip3 install [options] ...\n\nno such option: --report\n") ==
      "Usage: no such option: --report");
  CHECK(shown_refusal("", "Traceback (most recent call last):\n  File x\n    y\nInvalid: z\n") ==
        "Invalid: z");
  CHECK(shown_refusal("",
                      "WARNING: Retrying (total=1) a\nWARNING: Retrying (total=0) a\nERROR: b\n") ==
        "WARNING: Retrying (total=0) a ERROR: b");
  CHECK(shown_refusal("Collecting a\nThe conflict is caused by:\n    a depends on b<1\n\nTo fix\n",
                      "ERROR: Cannot install a\nERROR: ResolutionImpossible: for help visit x\n") ==
        "ERROR: Cannot install a The conflict is caused by: a depends on b<1");
  CHECK(shown_refusal(
            "", "see https://u:s3cr3t@h/x.whl?token=s3cr3t#sha256=00 and (http://h/y?t=s3cr3t)") ==
        "see https://h/x.whl#sha256=00 and (http://h/y)");
}

TEST_CASE("no query of what a resolver says is shown, with and without a host") {
  CHECK(shown_refusal({},
                      "Max retries exceeded with url: /files/six-1.0-py3-none-any.whl?sig=S1,S(2 "
                      "(Caused by x)\nWhy? See (http://h/x?t=S3) or '/y?S4#sha256=1'") ==
        "Max retries exceeded with url: /files/six-1.0-py3-none-any.whl (Caused by x) Why? See "
        "(http://h/x) or '/y#sha256=1'");
}
