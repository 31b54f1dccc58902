#include "layers/wheel_listing.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wheel_builder.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

using namespace mlpack;
using test::WheelBuilder;
using test::WheelPart;

namespace {

// The fault and the message that a wheel is refused with; `none` where it is not.
std::string refusal(const std::function<void(WheelBuilder&)>& change,
                    const std::string& file = "x-1-py3-none-any.whl") {
  const test::TempDir dir;
  WheelBuilder builder(file);
  builder.add("x.py", "print()\n");
  change(builder);
  try {
    list_wheel(builder.write(dir.path()), file);
  } catch (const Error& error) {
    return std::to_string(static_cast<int>(error.fault())) + ": " + error.what();
  }
  return "none";
}

std::string refused_name(const std::string& name, unsigned mode = 0100644) {
  return refusal([&](WheelBuilder& wheel) { wheel.add(name, "", mode); });
}

constexpr const char* damaged = "7: the wheel `x-1-py3-none-any.whl` is damaged: ";
constexpr const char* unfit = "7: the wheel `x-1-py3-none-any.whl` cannot be installed: ";

std::string is_damaged(const std::string& why) {
  return damaged + why;
}
std::string is_unfit(const std::string& why) {
  return unfit + why;
}

}  // namespace

TEST_CASE("a wheel without faults is read") {
  CHECK(refusal([](WheelBuilder&) {}) == "none");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.add("empty/", "", 040755); }) == "none");
}

TEST_CASE("paths that leave the folder, or that systems read differently, are refused") {
  CHECK(refused_name("/etc/passwd") == is_damaged("`/etc/passwd` is no path of a wheel's file"));
  CHECK(refused_name("../x") == is_damaged("`../x` is no path of a wheel's file"));
  CHECK(refused_name("a/../../x") == is_damaged("`a/../../x` is no path of a wheel's file"));
  CHECK(refused_name("a/./x") == is_damaged("`a/./x` is no path of a wheel's file"));
  CHECK(refused_name("a//x") == is_damaged("`a//x` is no path of a wheel's file"));
  CHECK(refused_name("a\\x") == is_damaged("`a\\x` is no path of a wheel's file"));
  CHECK(refused_name("a\nx") == is_damaged("`a\\x0ax` is no path of a wheel's file"));
  CHECK(refused_name(std::string("a\0b", 3)) ==
        is_damaged("`a\\x00b` is no path of a wheel's file"));
  CHECK(refused_name("a\xff") == is_damaged("`a\\xff` is no path of a wheel's file"));
  CHECK(refused_name("") == is_damaged("`` is no path of a wheel's file"));
  CHECK(refused_name(std::string(300, 'x')).starts_with(damaged));
}

TEST_CASE("links and devices are refused") {
  CHECK(refused_name("link", 0120777) == is_damaged("`link` is neither a file nor a folder"));
  CHECK(refused_name("tty", 0020666) == is_damaged("`tty` is neither a file nor a folder"));
  CHECK(refused_name("dir", 0040755) == is_damaged("`dir` is neither a file nor a folder"));
}

TEST_CASE("names that are one file for somebody are refused") {
  CHECK(refused_name("x.py") == is_damaged("`x.py` is in it twice"));
  CHECK(refused_name("X.py") == is_damaged("`x.py` and `X.py` may be one file"));
  CHECK(refused_name("x.py/y") == is_damaged("`x.py` is a file and a folder"));
  CHECK(refused_name("x.py/", 040755) == is_damaged("`x.py` is in it twice"));
}

TEST_CASE("archives that readers understand differently are refused") {
  CHECK(refusal([](WheelBuilder& wheel) { wheel.before = "#!/bin/sh\n"; }) ==
        is_damaged("something lies before its first member"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.after = "x"; }) == is_damaged("it is no ZIP file"));
  const auto part = [](WheelPart part) {
    return refusal([&](WheelBuilder& wheel) { wheel.add(part); });
  };
  CHECK(part({.name = "y", .content = "a", .flags = 1}) == is_damaged("`y` is encrypted"));
  CHECK(part({.name = "y", .content = "a", .method = 12}) ==
        is_damaged("`y` is compressed by method 12"));
  CHECK(part({.name = "y", .content = "a", .size = 5}) == is_damaged("`y` has two sizes"));
  CHECK(
      part({.name = "y", .content = "a", .size = 4'000'000'000, .method = 8}).starts_with(damaged));
}

TEST_CASE("files that are no wheels are refused") {
  const test::TempDir dir;
  const auto told = [&](const std::string& bytes) -> std::string {
    try {
      list_wheel(dir.write("x-1-py3-none-any.whl", bytes), "x-1-py3-none-any.whl");
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  CHECK(told("") == "the wheel `x-1-py3-none-any.whl` is damaged: it is no ZIP file");
  CHECK(told("<!doctype html>") ==
        "the wheel `x-1-py3-none-any.whl` is damaged: it is no ZIP file");
  const std::string whole = WheelBuilder("x-1-py3-none-any.whl").add("x.py", "x").bytes();
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    CAPTURE(length);
    CHECK(told(whole.substr(0, length)) != "none");
  }
  // No byte that is changed makes it crash.
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 0xff);
    told(changed);
  }
}

TEST_CASE("a RECORD that lies is refused") {
  CHECK(refusal([](WheelBuilder& wheel) {
          wheel.add({.name = "y", .content = "a", .record = ""});
        }) == is_unfit("`y` is not in its RECORD"));
  CHECK(refusal([](WheelBuilder& wheel) {
          wheel.add({.name = "y", .content = "a", .record = "y,,\n"});
        }) == is_unfit("its RECORD has no sha256 of `y`"));
  CHECK(refusal([](WheelBuilder& wheel) {
          wheel.add({.name = "y", .content = "a", .record = test::record_of("y", "ab")});
        }) == is_unfit("`y` has 1 bytes, and 2 in its RECORD"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = test::record_of("z", ""); }) ==
        is_unfit("its RECORD has `z`, which is not in it"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = test::record_of("x.py", ""); }) ==
        "7: the RECORD of `x-1-py3-none-any.whl` has `x.py` twice");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = "z,md5=abc,3\n"; }) ==
        "7: the RECORD of `x-1-py3-none-any.whl` has no sha256 of `z`");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = "z,,x\n"; }) ==
        "7: the RECORD of `x-1-py3-none-any.whl` has no size of `z`");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = "z,\n"; }) ==
        "7: line 4 of the RECORD of `x-1-py3-none-any.whl` cannot be read");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.record_more = "\"z,,\n"; }) ==
        "7: line 4 of the RECORD of `x-1-py3-none-any.whl` cannot be read");
}

TEST_CASE("a wheel of something else than its name says is refused") {
  CHECK(refusal([](WheelBuilder& wheel) { wheel.metadata = "Name: y\nVersion: 1\n"; }) ==
        is_unfit("its METADATA is of `y` 1"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.metadata = "Name: x\nVersion: 2\n"; }) ==
        is_unfit("its METADATA is of `x` 2"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.metadata = "\nName: x\nVersion: 1\n"; }) ==
        is_unfit("its METADATA is of `` "));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.wheel = "Wheel-Version: 2.0\n"; }) ==
        "9: the wheel `x-1-py3-none-any.whl` has version 2.0 of the format; mlpack knows 1");
  CHECK(refusal([](WheelBuilder& wheel) { wheel.wheel = "Tag: x\n"; }) ==
        is_unfit("its WHEEL has no Wheel-Version"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.add("y-1.dist-info/METADATA", ""); }) ==
        is_unfit("it has two folders `x-1.dist-info` and `y-1.dist-info`"));
  using Parts = WheelBuilder::Parts;
  CHECK(refusal([](WheelBuilder& wheel) { wheel.parts = Parts::no_record; }) ==
        is_unfit("`x-1.dist-info/RECORD` is missing"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.parts = Parts::no_wheel; }) ==
        is_unfit("`x-1.dist-info/WHEEL` is missing"));
  CHECK(refusal([](WheelBuilder& wheel) { wheel.parts = Parts::no_metadata; }) ==
        is_unfit("`x-1.dist-info/METADATA` is missing"));
}

TEST_CASE("entry points and data that lead nowhere are refused") {
  const auto points = [](const std::string& line) {
    return refusal([&](WheelBuilder& wheel) {
      wheel.add("x-1.dist-info/entry_points.txt", "[console_scripts]\n" + line + "\n");
    });
  };
  CHECK(points("run = x:main") == "none");
  CHECK(points("run = x.y:main.sub [extra]") == "none");
  CHECK(points("../run = x:main") == is_unfit("`../run = x:main` is no entry point"));
  CHECK(points("run = x") == is_unfit("`run = x` is no entry point"));
  CHECK(points("run = x:a();import os") == is_unfit("`run = x:a();import os` is no entry point"));
  CHECK(points("run") == is_unfit("`run` is no entry point"));
  CHECK(points("= x:a") == is_unfit("`= x:a` is no entry point"));
  CHECK(refused_name("x-1.data/etc/y") ==
        is_unfit("`x-1.data/etc/y` goes to a place that is not known"));
  CHECK(refused_name("x-1.data/y") == is_unfit("`x-1.data/y` goes to a place that is not known"));
}
