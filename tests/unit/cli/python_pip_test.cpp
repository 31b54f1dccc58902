#include "cli/python_resolver.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

const std::string sha256_text(64, 'a');

std::string report_of(const std::string& packages, const std::string& full_version = "3.11.7") {
  return R"({"version": "1", "pip_version": "23.2.1", "install": [)" + packages +
         R"(], "environment": {"implementation_name": "cpython", "implementation_version": ")" +
         full_version +
         R"(", "os_name": "posix", "platform_machine": "x86_64", "platform_release": "6.1",
         "platform_system": "Linux", "platform_version": "#1", "python_full_version": ")" +
         full_version +
         R"(", "platform_python_implementation": "CPython", "python_version": "3.11",
         "sys_platform": "linux"}})";
}

std::string item_of(const std::string& url, const std::string& more) {
  return R"({"download_info": {"url": ")" + url + R"(", "archive_info": {"hashes": {"sha256": ")" +
         sha256_text +
         R"("}}}, "is_direct": true, "requested": true, "metadata": {"name": "torch",
         "version": "2.5+cu124")" +
         more;
}

PythonFacts facts_of_image() {
  return {"3.11.2",
          {3, 11, "x86_64", {LibcVersion::Kind::glibc, 2, 36}},
          linux_markers("3.11.2", "x86_64")};
}

std::string refusal_of(const std::string& report, const std::vector<std::string>& asked) {
  try {
    pylock_of_report(report, facts_of_image(), asked);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a wheel on disk is found though pip writes its path as a URL") {
  const std::string report =
      report_of(item_of("file:///my%20wheels/torch-2.5%2Bcu124-py3-none-any.whl", "}}"));
  CHECK(
      pylock_of_report(report, facts_of_image(), {}) ==
      "lock-version = \"1.0\"\ncreated-by = \"pip\"\n[[packages]]\nname = \"torch\"\nversion = "
      "\"2.5+cu124\"\narchive = {path = \"/my wheels/torch-2.5+cu124-py3-none-any.whl\", hashes = "
      "{sha256 = \"" +
          sha256_text + "\"}}\n");
}

TEST_CASE("what is wanted on other machines alone leaves an empty lock") {
  CHECK(pylock_of_report(report_of(""), facts_of_image(), {}) ==
        "lock-version = \"1.0\"\ncreated-by = \"pip\"\npackages = []\n");
}

TEST_CASE("a marker that pip's Python answers otherwise than the image's is told") {
  const std::string wants =
      R"(, "requires_dist": ["async-timeout; python_full_version < \"3.11.3\"", "x; extra == \"y\""]}})";
  CHECK(refusal_of(report_of(item_of("https://h/torch.whl", wants)), {}) ==
        "there is no `uv` on the PATH, and pip, which runs with Python 3.11.7 on this machine, "
        "cannot resolve packages for 3.11.2 on x86_64: `async-timeout; python_full_version < "
        "\"3.11.3\"` is wanted in one of them alone");
  CHECK(refusal_of(report_of(item_of("https://h/torch.whl", wants), "3.11.1"), {}) == "none");
  CHECK(refusal_of(report_of(""), {"six; platform_release == '6.1'"}) ==
        "there is no `uv` on the PATH, and pip, which runs with Python 3.11.7 on this machine, "
        "cannot resolve packages for 3.11.2 on x86_64: `six; platform_release == '6.1'` is wanted "
        "in one of them alone");
}

TEST_CASE("folders in a list of find-links may have blanks and commas") {
  CHECK(listed_places({"/a", "/b c,d", "https://h/x"}) ==
        std::vector<std::string>{"/a", "file:///b%20c%2Cd", "https://h/x"});
}

TEST_CASE("pins that something else excludes are not held to") {
  const auto pin = [](const char* name, const char* version) {
    LockedWheel wheel{name, version, {}, 0, Digest::of(""), {}, {}, {}, {}};
    return wheel;
  };
  const auto names = [](const std::vector<LockedWheel>& pins) {
    std::string text;
    for (const LockedWheel& wheel : pins)
      text += wheel.name + " ";
    return text;
  };
  const std::vector<LockedWheel> pins{pin("b", "1.0"), pin("c", "1.0"), pin("six", "1.0")};
  CHECK(names(allowed_pins(
            pins, {"six>=1.1", "c<1 ; sys_platform == 'win32'"}, facts_of_image())) == "b c ");
  const auto item = [](const std::string& name, const std::string& needs) {
    return R"({"metadata": {"name": ")" + name + R"(", "version": "9", "requires_dist": [)" +
           needs + "]}}";
  };
  // The new `a` moves `b`, and so what that needs, while `c` stays, whatever a newer one needs.
  const std::string report = report_of(item("A", R"("b>=2")") + "," + item("b", R"("six>=1.1")") +
                                       "," + item("c", R"("b<1")") + "," + item("six", ""));
  CHECK(names(pins_beside(pins, report, facts_of_image())) == "c ");
}
