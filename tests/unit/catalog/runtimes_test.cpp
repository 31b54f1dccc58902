#include "lib/catalog/runtimes.h"

#include "lib/catalog/runtime_writer.h"
#include "lib/error.h"
#include "tests/support/temp_dir.h"

#include <doctest/doctest.h>

#include <string>

using namespace mlpack;

namespace {

// What the writer says of a file with `text`.
std::string runtime_refusal(const std::string& text) {
  const test::TempDir dir;
  RuntimeWriter writer;
  try {
    writer.add(read_template(dir.write("odd.yaml", text)));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

const std::string odd_runtime =
    "name: odd\ntitle: Odd\ngpu: optional\naliases: []\nstatus: active\nsource: [a]\n"
    "retrieved: \"2026-11\"\nimages: []\nforms: [{program: [odd]}]\nserves: folder\n"
    "ports: [{name: http, number: 1}]\nargs: {form: flags}\n"
    "health: {readiness: /, liveness: /, startup: 1}\nenv: {}\nstop_signal: SIGTERM\n";

std::string odd_with(const std::string& from, const std::string& to) {
  std::string text = odd_runtime;
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("every runtime has its sources, a program, a port and a health check") {
  CHECK(serving_runtimes().size() == 13);
  for (const ServingRuntime& row : serving_runtimes()) {
    CAPTURE(row.name);
    CHECK_FALSE(row.sources.empty());
    CHECK_FALSE(row.retrieved.empty());
    CHECK_FALSE(row.forms[0].program.empty());
    CHECK(row.ports[0].name == "http");
    CHECK(row.readiness.starts_with('/'));
    CHECK(row.liveness.starts_with('/'));
    CHECK(row.startup_seconds > 0);
    CHECK(row.stop_signal == "SIGTERM");
  }
}

TEST_CASE("no runtime sets VLLM_PORT") {
  for (const ServingRuntime& row : serving_runtimes()) {
    for (const RuntimeVariable& variable : row.env)
      CHECK(variable.name != "VLLM_PORT");
  }
}

TEST_CASE("a file of a runtime that is wrong is refused with its line") {
  CHECK(runtime_refusal(odd_runtime).empty());
  CHECK(runtime_refusal(odd_with("[a]", "[]")) == "line 1: a runtime needs a source");
  CHECK(runtime_refusal(odd_with("status: active", "status: dead")) ==
        "line 1: status must be one of active, maintenance, unmaintained");
  CHECK(runtime_refusal(odd_with("env: {}", "env: {}\nmetrics: {port: grpc, path: /m}")) ==
        "line 15: no port is called grpc");
  CHECK(runtime_refusal(odd_with("serves: folder", "serves: application")) ==
        "line 1: `application` says what a runtime starts that serves one");
  CHECK(runtime_refusal(odd_with("{program: [odd]}", "{program: [odd], model: odd}")) ==
        "line 9: `odd` is no flag and no variable");
  CHECK(runtime_refusal(odd_with("args: {form: flags}", "args: {form: environment}")) ==
        "line 12: a variable belongs to every form but flags");
  CHECK(runtime_refusal(odd_runtime + "pipeline_parallel: --pp\n") ==
        "line 1: `pipeline_parallel` wants `tensor_parallel`");
  CHECK(runtime_refusal(odd_runtime + "tensor_parallel: --tp\nmachines: two\n") ==
        "line 1: `two` is no flag and no variable");
  CHECK(runtime_refusal(odd_runtime + "more: 1\n") == "line 1: unknown key more");
}
