#include "lib/oci/config.h"

#include "tests/unit/oci/check_error.h"

#include <fmt/format.h>

#include <string>

using namespace mlpack;
using test::check_error;

namespace {

const std::string id_a = "sha256:" + std::string(64, 'a');
const std::string id_b = "sha256:" + std::string(64, 'b');

const std::string full =
    R"({"created":"2024-02-29T12:00:00Z","author":"me",)"
    R"("architecture":"arm","variant":"v6","os":"linux",)"
    R"("config":{"User":"1000:1000","ExposedPorts":{"8000/tcp":{},"9000/udp":{}},)"
    R"("Env":["PATH=/usr/bin:/bin","EMPTY=","A=b=c"],)"
    R"("Entrypoint":["/entry"],"Cmd":["serve","ü"],"Volumes":{"/data":{}},)"
    R"("WorkingDir":"/app","Labels":{"a":"1","b":"2"},"StopSignal":"SIGINT",)"
    R"("Healthcheck":{"Test":["CMD","true"],"Interval":30000000000},"ArgsEscaped":true},)"
    R"("rootfs":{"type":"layers","diff_ids":[")" +
    id_a + R"(",")" + id_b + R"("]},)" +
    R"("history":[{"created":"2024-02-29T12:00:00.123456789+01:00","created_by":"ADD"},)"
    R"({"created_by":"ENV","comment":"none","empty_layer":true},{}]})";

ImageConfig parsed_config(const std::string& text) {
  return parse_config(text, "x");
}

// A config with `fields` (each followed by a comma) before what is needed.
std::string with(const std::string& fields) {
  return "{" + fields +
         R"("architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}})";
}

void check_no_config(const std::string& text, const std::string& problem) {
  CAPTURE(text);
  check_error([&] { parse_config(text, "x"); }, Fault::integrity, "config of `x`" + problem);
}

}  // namespace

TEST_CASE("a config is read") {
  const ImageConfig config = parsed_config(full);
  CHECK(config.platform.text() == "linux/arm/v6");
  CHECK(config.created == "2024-02-29T12:00:00Z");
  CHECK(config.user == "1000:1000");
  CHECK(config.exposed_ports == std::vector<std::string>{"8000/tcp", "9000/udp"});
  CHECK(config.env_value("PATH") == "/usr/bin:/bin");
  CHECK(config.env_value("EMPTY") == "");
  CHECK(config.env_value("A") == "b=c");
  CHECK_FALSE(config.env_value("B"));
  CHECK(config.cmd == std::vector<std::string>{"serve", "ü"});
  CHECK(config.volumes == std::vector<std::string>{"/data"});
  CHECK(config.labels.at("b") == "2");
  CHECK(config.stop_signal == "SIGINT");
  CHECK(config.diff_ids.size() == 2);
  REQUIRE(config.history.size() == 3);
  CHECK(config.history[1].empty_layer);
  CHECK(config.history[2].created.empty());
}

TEST_CASE("a config that was read is written back as it was") {
  CHECK(write_config(parsed_config(full)) == full);
}

TEST_CASE("an empty config says what it must and no more") {
  ImageConfig config;
  config.platform = *Platform::parse("amd64");
  CHECK(
      write_config(config) ==
      R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}})");
}

TEST_CASE("null is as good as absent, as Go writes it") {
  const ImageConfig config = parsed_config(
      with(R"("author":null,"history":null,"config":{"Env":null,"Cmd":null,"Volumes":null},)"));
  CHECK(config.env.empty());
  CHECK(config.cmd.empty());
  CHECK(parsed_config(
            R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":null}})")
            .diff_ids.empty());
}

TEST_CASE("the last value of a variable counts") {
  const ImageConfig config = parsed_config(with(R"("config":{"Env":["A=1","B=2","A=3"]},)"));
  CHECK(config.env.size() == 2);
  CHECK(config.env_value("A") == "3");
}

TEST_CASE("very many variables are read at once, and more are refused") {
  std::string env;
  for (int i = 0; i < 65'535; ++i)
    env += fmt::format("\"A{}=1\",", i);
  CHECK(parsed_config(with("\"config\":{\"Env\":[" + env + "\"Z=1\"]},")).env.size() == 65'536);
  check_no_config(with("\"config\":{\"Env\":[" + env + "\"Y=1\",\"Z=1\"]},"),
                  ": `config.Env` has more than 65536 entries");
}

TEST_CASE("very many ports are written at once") {
  ImageConfig config;
  config.platform = Platform::host();
  for (int i = 0; i < 65'536; ++i)
    config.exposed_ports.push_back(fmt::format("{:05}/tcp", i));
  CHECK(parsed_config(write_config(config)).exposed_ports == config.exposed_ports);
}

TEST_CASE("a port without protocol is a TCP port") {
  const ImageConfig config =
      parsed_config(with(R"("config":{"ExposedPorts":{"9000":{},"8000/tcp":{},"9000/tcp":{}}},)"));
  CHECK(config.exposed_ports == std::vector<std::string>{"8000/tcp", "9000/tcp"});
}

TEST_CASE("a variable is set in place or added") {
  ImageConfig config = parsed_config(with(R"("config":{"Env":["A=1","B=2"]},)"));
  config.set_env("A", "x");
  config.set_env("C", "y");
  CHECK(config.env == decltype(config.env){{"A", "x"}, {"B", "2"}, {"C", "y"}});
}

TEST_CASE("a config that is not for linux is incompatible") {
  const auto check_incompatible = [](const std::string& text, const std::string& platform) {
    check_error([&] { parse_config(text, "x"); },
                Fault::incompatible,
                "config of `x` is for `" + platform + "`; only linux images can be used");
  };
  check_incompatible(R"({"os":"windows","architecture":"amd64"})", "windows/amd64");
  check_incompatible(R"({"os":"linux","architecture":"pdp11"})", "linux/pdp11");
  check_incompatible(R"({"os":"linux/amd64","architecture":"v3"})", "linux/amd64/v3");
}

TEST_CASE("hostile and broken configs are refused with the rule") {
  check_no_config("[]", " is not an object");
  check_no_config("{", " is not valid JSON at line 1, column 2");
  check_no_config("{}", " has no `os`");
  check_no_config(R"({"os":"linux"})", " has no `architecture`");
  check_no_config(R"({"os":"linux","architecture":"amd64"})", " has no `rootfs`");
  check_no_config(R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers+base"}})",
                  ": `rootfs.type` is not `layers`");
  check_no_config(
      R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["../x"]}})",
      ": `rootfs.diff_ids[0]` is not a digest: `../x`");
  check_no_config(with(R"("created":"yesterday",)"),
                  ": `created` is not a time such as `2026-01-31T12:00:00Z`: `yesterday`");
  check_no_config(with(R"("config":{"Env":{"A":"1"}},)"), ": `config.Env` is not a list");
  check_no_config(with(R"("config":{"Env":["=x"]},)"),
                  ": `config.Env[0]` has no name before its `=`");
  check_no_config(with(R"("config":{"Env":["A=\u0000"]},)"), ": `config.Env[0]` holds a NUL byte");
  check_no_config(with(R"("config":{"Cmd":"serve"},)"), ": `config.Cmd` is not a list");
  check_no_config(with(R"("config":{"Cmd":[1]},)"), ": `config.Cmd[0]` is not a string");
  check_no_config(with(R"("config":{"User":0},)"), ": `config.User` is not a string");
  check_no_config(with(R"("config":{"Labels":["a"]},)"), ": `config.Labels` is not an object");
  check_no_config(with(R"("config":{"ExposedPorts":["80"]},)"),
                  ": `config.ExposedPorts` is not an object");
  check_no_config(with(R"("config":{"entrypoint":["/evil"]},)"),
                  ": `config.entrypoint` differs from `Entrypoint` in case only");
  check_no_config(with(R"("config":[],)"), ": `config` is not an object");
  check_no_config(with(R"("history":{},)"), ": `history` is not a list");
  check_no_config(with(R"("history":[{"empty_layer":"yes"}],)"),
                  ": `history[0].empty_layer` is neither true nor false");
  check_no_config(std::string(std::size_t{9} << 20, ' '), " is larger than 8.00 MiB");
}

TEST_CASE("times are those that Go's decoder takes") {
  for (const auto* time : {"1970-01-01T00:00:00Z",
                           "2026-01-31T12:00:00.5Z",
                           "0001-01-01T00:00:00Z",
                           "2026-01-31T12:00:00+05:30",
                           "2026-01-31T12:00:00.123456789-08:00"}) {
    CAPTURE(time);
    CHECK_NOTHROW(parsed_config(with(fmt::format(R"("created":"{}",)", time))));
  }
  for (const auto* time : {"",
                           "2026-01-31",
                           "2026-01-31T12:00:00",
                           "2026-01-31 12:00:00Z",
                           "2026-01-31T12:00:00.Z",
                           "2026-01-31T12:00:00.5",
                           "2026-01-31T12:00:00ZZ"}) {
    CAPTURE(time);
    CHECK_THROWS_AS(parsed_config(with(fmt::format(R"("created":"{}",)", time))), Error);
  }
}

TEST_CASE("a time is written as RFC 3339") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(1'709'210'096) == "2024-02-29T12:34:56Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59Z");
  CHECK(rfc3339(253'402'300'799) == "9999-12-31T23:59:59Z");
  check_error([] { rfc3339(253'402'300'800); },
              Fault::usage,
              "253402300800 seconds since 1970 are not within the years 0 to 9999");
  CHECK_THROWS_AS(rfc3339(INT64_MIN), Error);
}
