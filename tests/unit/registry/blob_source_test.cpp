#include "tests/unit/registry/rig.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <utility>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("a download that breaks anywhere goes on where it broke") {
  const std::string bytes = "twenty bytes of blob";
  for (const std::size_t at : {0U, 1U, 10U, 19U}) {
    Rig rig;
    CAPTURE(at);
    rig.registry.put_blob("acme/x", bytes);
    rig.net.fault(
        {.match = "GET", .instead = [&](const Seen&) { return reply(200, {}, bytes, at); }});
    StringSink sink(100);
    CHECK(rig.client.get_blob(rig.at("acme/x"), blob_of(bytes), sink));
    CHECK(sink.text == bytes);
    const auto range = rig.net.seen().back().headers.find("Range");
    CHECK(range.value_or("") == (at == 0 ? "" : "bytes=" + std::to_string(at) + "-"));
    REQUIRE(rig.progress.lines.size() == 1);
    CHECK(rig.progress.lines[0].find(" after " + std::to_string(at) +
                                     " B; trying to fetch blob `") != std::string::npos);
  }
}

TEST_CASE("a connection that breaks behind the last byte has broken nothing") {
  Rig rig;
  const std::string bytes = "twenty bytes of blob";
  rig.net.fault({.match = "GET",
                 .instead = [&](const Seen&) { return reply(200, {}, bytes, bytes.size()); }});
  rig.net.fault({.match = "GET", .times = 99, .instead = [](const Seen&) { return reply(416); }});
  StringSink sink(100);
  CHECK(rig.client.get_blob(rig.at("acme/x"), blob_of(bytes), sink));
  CHECK(sink.text == bytes);
  CHECK(rig.net.seen().size() == 1);
}

TEST_CASE("a blob is read from anywhere, across lost connections") {
  const std::string bytes = "twenty bytes of blob";
  Rig rig;
  rig.registry.put_blob("acme/x", bytes);
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) {
                   return reply(206, {{"Content-Range", "bytes 7-19/20"}}, bytes.substr(7), 5);
                 }});
  StringSink sink(100);
  copy(*rig.client.open_blob_at(rig.at("acme/x"), blob_of(bytes), 7), sink);
  CHECK(sink.text == bytes.substr(7));
  CHECK(rig.net.seen().back().headers.find("Range") == "bytes=12-");
  CHECK_FALSE(rig.client.open_blob_at(rig.at("acme/x"), blob_of("none"), 1));
}

TEST_CASE("a server that knows no ranges sends all again, and we skip what we have") {
  Rig rig;
  const std::string bytes = "twenty bytes of blob";
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) { return reply(200, {}, bytes, 5); }});
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) { return reply(200, {}, bytes, 3); }});
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) { return reply(200, {}, bytes); }});
  StringSink sink(100);
  CHECK(rig.client.get_blob(rig.at("acme/x"), blob_of(bytes), sink));
  CHECK(sink.text == bytes);
}

TEST_CASE("a server that sends another range than asked for is refused") {
  Rig rig;
  const std::string bytes = "twenty bytes of blob";
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) { return reply(200, {}, bytes, 5); }});
  rig.net.fault({.match = "GET", .instead = [&](const Seen&) {
                   return reply(206, {{"Content-Range", "bytes 0-19/20"}}, bytes);
                 }});
  StringSink sink(100);
  CHECK(error_of([&] { rig.client.get_blob(rig.at("acme/x"), blob_of(bytes), sink); }).fault() ==
        Fault::refused);
}

TEST_CASE("a blob that does not end where its descriptor says is refused") {
  for (const char* sent : {"hell", "hello!", "jello", ""}) {
    Rig rig;
    rig.net.fault({.match = "GET", .instead = [&](const Seen&) {
                     return reply(200, {{"Content-Length", "x"}}, sent);
                   }});
    StringSink sink(100);
    CAPTURE(sent);
    CHECK(error_of([&] {
            rig.client.get_blob(rig.at("acme/x"), blob_of("hello"), sink);
          }).fault() == Fault::integrity);
    CHECK(sink.text.size() < 5);
  }
}

TEST_CASE("a download that never gets on is given up after ten attempts") {
  Rig rig;
  rig.net.fault({.match = "GET", .times = 99, .instead = [](const Seen&) {
                   return reply(200, {{"Content-Length", "5"}}, "hello", 0);
                 }});
  StringSink sink(100);
  const Error error =
      error_of([&] { rig.client.get_blob(rig.at("acme/x"), blob_of("hello"), sink); });
  CHECK(error.fault() == Fault::network);
  CHECK(std::string(error.what()) ==
        "cannot fetch blob `sha256:2cf24dba5fb0` of `registry.example.com/acme/x`: connection "
        "reset by peer after 0 bytes");
  CHECK(rig.net.seen().size() == 10);
}

TEST_CASE("a download that drips is given up like one that never gets on") {
  Rig rig;
  const std::string bytes(10'000, 'x');
  std::size_t sent = 0;
  rig.net.fault(
      {.match = "GET", .times = 99, .instead = [&](const Seen&) {
         const std::size_t from = std::exchange(sent, sent + 9);
         const std::string range = fmt::format("bytes {}-9999/10000", from);
         return reply(from == 0 ? 200 : 206, {{"Content-Range", range}}, bytes.substr(from), 9);
       }});
  StringSink sink(bytes.size());
  CHECK(error_of([&] { rig.client.get_blob(rig.at("acme/x"), blob_of(bytes), sink); }).fault() ==
        Fault::network);
  CHECK(rig.net.seen().size() == 10);
}
