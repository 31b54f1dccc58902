#include "lib/check/server.h"

#include "support.h"
#include <array>

using namespace mlpack;
using namespace mlpack::test;

TEST_CASE("addresses of the loopback are told from others") {
  for (const char* const address : {"127.0.0.1",
                                    "127.1.2.3:80",
                                    "localhost",
                                    "localhost:8000",
                                    "[::1]:80",
                                    "::1",
                                    "http://localhost:1"})
    CHECK_MESSAGE(is_loopback(address), address);
  for (const char* const address :
       {"0.0.0.0", "0.0.0.0:127", "::", "[::]:80", "localhost.example.com", "10.0.0.127", ""})
    CHECK_MESSAGE(!is_loopback(address), address);
  CHECK(port_in("0.0.0.0:8000") == 8000U);
  CHECK(port_in("8000") == 8000U);
  CHECK_FALSE(port_in("0.0.0.0"));
  CHECK_FALSE(port_in("70000"));
}

TEST_CASE("the runtime of an image is told by its words, also those in a shell's line") {
  ImageConfig config;
  config.entrypoint = {"/usr/bin/python3.12", "-m", "sglang.launch_server"};
  config.cmd = {"--host=0.0.0.0", "--served_model_name", "m"};
  StartedServer server = started_server(config);
  REQUIRE(server.runtime != nullptr);
  CHECK(server.runtime->name == "sglang");
  CHECK(server.program == "sglang.launch_server");
  CHECK(server.value_of(std::array{std::string_view("--host")}) == "0.0.0.0");
  CHECK(server.value_of(std::array{std::string_view("--served-model-name")}) == "m");
  CHECK_FALSE(server.value_of(std::array{std::string_view("--port")}));
  config.entrypoint = {"/bin/sh", "-c", "exec vllm serve /models/m  --port 80"};
  config.cmd = {};
  server = started_server(config);
  REQUIRE(server.runtime != nullptr);
  CHECK(server.runtime->name == "vllm");
  config.entrypoint = {"/usr/bin/server"};
  CHECK(started_server(config).runtime == nullptr);
}

TEST_CASE("a server on the loopback is a warning, and an error where ports are exposed") {
  TestImage image;
  image.config.cmd = {"/usr/bin/server", "--host", "localhost"};
  CHECK(image.ids() == Ids{"warning loopback"});
  image.config.exposed_ports = {"8000/tcp"};
  const Finding found = image.only();
  CHECK(found.level == Finding::Level::error);
  CHECK(found.what == "`server` is told to listen on `localhost`");
  image.config.cmd = {"/usr/bin/server"};
  image.config.set_env("OLLAMA_HOST", "127.0.0.1:11434");
  CHECK(image.only().what == "`OLLAMA_HOST` is `127.0.0.1:11434`");
}

TEST_CASE("servers that listen on the loopback by themselves are to be told otherwise") {
  TestImage image;
  image.add("usr/bin/llama-server", program({"libc.so.6"}));
  image.config.cmd = {"llama-server", "-m", "/models/m.gguf"};
  image.config.exposed_ports = {"8080/tcp"};
  CHECK(image.only().what ==
        "`llama-server` is not told where to listen, which is on 127.0.0.1 then");
  image.config.set_env("LLAMA_ARG_HOST", "0.0.0.0");
  CHECK(image.ids() == Ids{});
}

TEST_CASE("the port of the words, or the runtime's own, is among those that the image exposes") {
  TestImage image;
  image.add("usr/bin/vllm", program({"libc.so.6"}));
  image.config.cmd = {"vllm", "serve", "/models/m"};
  image.config.exposed_ports = {"8000/tcp", "9000/tcp"};
  CHECK(image.ids() == Ids{});
  image.config.cmd.insert(image.config.cmd.end(), {"--port", "8001"});
  const Finding found = image.only();
  CHECK(found.id == "port-mismatch");
  CHECK(found.level == Finding::Level::warning);
  CHECK(found.what == "`vllm` listens on port 8001, and the image says 8000, 9000");
  image.config.labels["dev.mlpack.ports"] = "http=8000";
  CHECK(image.only().level == Finding::Level::error);
  image.config.cmd.insert(image.config.cmd.end(), {"--config", "/etc/vllm.yaml", "--port=8000"});
  CHECK(image.ids() == Ids{});
}

TEST_CASE("a HEALTHCHECK that is no list of words is passed over") {
  TestImage image;
  image.config.other = R"({"Healthcheck": {"Test": ["CMD-SHELL", "wget -q localhost || exit 1"]}})";
  CHECK(image.ids() == Ids{"warning healthcheck-missing"});
  for (const char* const other : {R"({"Healthcheck": {"Test": ["CMD-SHELL", "exit 0"]}})",
                                  R"({"Healthcheck": {"Test": ["CMD-SHELL", "$PROBE"]}})",
                                  R"({"Healthcheck": {"Test": ["NONE"]}})",
                                  R"({"Healthcheck": {"Test": "curl"}})",
                                  R"({"Healthcheck": 1})"}) {
    image.config.other = other;
    CHECK_MESSAGE(image.ids() == Ids{}, other);
  }
}
