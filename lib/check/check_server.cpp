#include "lib/check/check.h"
#include "lib/check/process.h"
#include "lib/check/server.h"
#include "lib/oci/json_node.h"
#include "lib/resolve/plan.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;
using Level = Finding::Level;

constexpr std::array address_flags{"--host"sv,
                                   "--hostname"sv,
                                   "--bind"sv,
                                   "-b"sv,
                                   "--ip"sv,
                                   "--listen"sv,
                                   "--address"sv,
                                   "--http-address"sv,
                                   "--http-host"sv,
                                   "--server-name"sv};
constexpr std::array port_flags{"--port"sv, "--http-port"sv};
constexpr std::array bind_flags{"--bind"sv, "-b"sv, "--listen"sv};

// Variables that say where a server listens, each its own.
constexpr std::array address_variables{"FLASK_RUN_HOST"sv,
                                       "GRADIO_SERVER_NAME"sv,
                                       "LLAMA_ARG_HOST"sv,
                                       "OLLAMA_HOST"sv,
                                       "RAY_SERVE_HTTP_HOST"sv,
                                       "UVICORN_HOST"sv};

// Servers that listen on the loopback alone where nothing says otherwise, with what else does so
// (documentation of each).
struct LoopbackDefault {
  std::string_view program;
  std::array<std::string_view, 2> flags;  // beside those of addresses
  std::array<std::string_view, 2> variables;
};
constexpr std::array loopback_defaults{
    LoopbackDefault{"uvicorn"sv, {"--uds"sv, "--fd"sv}, {"UVICORN_HOST"sv, "UVICORN_UDS"sv}},
    LoopbackDefault{"hypercorn"sv, {"-c"sv, "--config"sv}, {}},
    LoopbackDefault{"gunicorn"sv, {"-c"sv, "--config"sv}, {"GUNICORN_CMD_ARGS"sv, "PORT"sv}},
    LoopbackDefault{"flask"sv, {}, {"FLASK_RUN_HOST"sv}},
    LoopbackDefault{"llama-server"sv, {}, {"LLAMA_ARG_HOST"sv}},
    LoopbackDefault{"ollama"sv, {}, {"OLLAMA_HOST"sv}},
    LoopbackDefault{"trtllm-serve"sv, {}, {}},
    LoopbackDefault{"sglang.launch_server"sv, {"--config"sv}, {}},
    LoopbackDefault{"mlflow"sv, {"-h"sv}, {"MLFLOW_HOST"sv}}};

std::set<unsigned> exposed_ports(const ImageConfig& config) {
  std::set<unsigned> ports;
  for (const std::string& port : config.exposed_ports) {
    if (const auto number = port_in(port.substr(0, port.find('/')))) ports.insert(*number);
  }
  return ports;
}

std::string ports_text(const std::set<unsigned>& ports) {
  std::vector<std::string> texts;
  texts.reserve(ports.size());
  for (const unsigned port : ports)
    texts.push_back(std::to_string(port));
  return join(texts, ", ");
}

class ServerCheck {
 public:
  explicit ServerCheck(const CheckInput& input)
      : input_(input),
        server_(started_server(input.config)),
        exposed_(exposed_ports(input.config)) {}

  Findings run() {
    check_address();
    check_port();
    check_health();
    check_probe();
    if (server_.runtime != nullptr && server_.runtime->name == "vllm" &&
        input_.config.env_value("VLLM_PORT")) {
      add("vllm-port",
          Level::warning,
          "`VLLM_PORT` is set in the image",
          "vLLM takes it for the first of its inner ports, not for that of its server",
          "take it out, and say the port with `--port`");
    }
    return std::move(findings_);
  }

 private:
  void add(std::string id, Level level, std::string what, std::string why, std::string fix) {
    Finding& finding = findings_.emplace_back();
    finding.id = std::move(id);
    finding.level = level;
    finding.what = std::move(what);
    finding.why = std::move(why);
    finding.fix = std::move(fix);
  }

  // Ports that are said to be there are to be reached; a tool may well keep to itself.
  Level level_of_address() const { return exposed_.empty() ? Level::warning : Level::error; }

  void add_loopback(std::string what) {
    add("loopback",
        level_of_address(),
        std::move(what),
        "nobody reaches it from outside of the container, health checks neither",
        "let it listen on 0.0.0.0");
  }

  void check_address() {
    if (const auto address = server_.value_of(address_flags)) {
      if (is_loopback(*address)) {
        add_loopback(
            fmt::format("`{}` is told to listen on `{}`", server_.program, printable(*address)));
      }
      return;
    }
    for (const std::string_view name : address_variables) {
      const auto value = input_.config.env_value(name);
      if (!value || !is_loopback(*value)) continue;
      return add_loopback(fmt::format("`{}` is `{}`", name, printable(*value)));
    }
    const auto known = std::find_if(
        loopback_defaults.begin(), loopback_defaults.end(), [&](const LoopbackDefault& one) {
          return one.program == server_.program;
        });
    if (known == loopback_defaults.end() || server_.value_of(known->flags)) return;
    const auto is_set = [&](std::string_view name) { return input_.config.env_value(name); };
    if (std::any_of(known->variables.begin(), known->variables.end(), is_set)) return;
    add_loopback(fmt::format("`{}` is not told where to listen, which is on 127.0.0.1 then",
                             server_.program));
  }

  // A file of the runtime's own may say more than the words do.
  bool may_be_configured(const ServingRuntime& runtime) const {
    const RuntimeConfig& config = runtime.config;
    if (config.use == RuntimeConfig::Use::flag) {
      return server_.value_of(std::array{config.name}).has_value();
    }
    return config.use == RuntimeConfig::Use::positional ||
           config.use == RuntimeConfig::Use::beside_model;
  }

  // The port that the words or variables say, or that the runtime has itself.
  std::optional<unsigned> port() const {
    const ServingRuntime* const runtime = server_.runtime;
    if (runtime != nullptr && !runtime->ports.empty()) {
      const RuntimePort& http = runtime->ports.front();
      std::optional<std::string> said;
      if (http.flag.starts_with('-')) said = server_.value_of(std::array{http.flag});
      if (!http.flag.empty() && !http.flag.starts_with('-')) {
        said = input_.config.env_value(http.flag);
      }
      if (said) return port_in(*said);
      const bool is_elsewhere =
          http.flag.empty() || may_be_configured(*runtime) || input_.config.env_value("PORT");
      return is_elsewhere ? std::nullopt : std::optional(http.number);
    }
    if (const auto said = server_.value_of(port_flags)) return port_in(*said);
    const auto bound = server_.value_of(bind_flags);
    const bool has_port = bound && bound->find(':') != std::string::npos;
    return has_port ? port_in(*bound) : std::nullopt;
  }

  void check_port() {
    const auto listens = port();
    if (!listens || exposed_.empty() || exposed_.contains(*listens)) return;
    const bool is_promised = input_.config.labels.contains(std::string(label::ports));
    add("port-mismatch",
        is_promised ? Level::error : Level::warning,
        fmt::format("`{}` listens on port {}, and the image says {}",
                    server_.program,
                    *listens,
                    ports_text(exposed_)),
        "what is made from the image's ports, such as services and health checks, asks in vain",
        "say the same port in both places");
  }

  // An application answers where it likes.
  void check_health() {
    const ServingRuntime* const runtime = server_.runtime;
    const auto& labels = input_.config.labels;
    const auto said = labels.find(std::string(label::readiness));
    if (runtime == nullptr || said == labels.end() || runtime->readiness.empty() ||
        runtime->serves == ServingRuntime::Serves::application ||
        said->second == runtime->readiness || said->second == runtime->liveness) {
      return;
    }
    add("health-mismatch",
        Level::warning,
        fmt::format("the image says that it is healthy at `{}`", printable(said->second)),
        fmt::format("{} answers at `{}`", runtime->title, runtime->readiness),
        "correct `health`, or leave it out: the runtime's own is taken then");
  }

  // Empty too where what is there is malformed, which Docker tells.
  std::vector<std::string> probe_words() const {
    try {
      const Document document{"config of the image", Fault::input, {}};
      const nlohmann::ordered_json json = parse_document(input_.config.other, document);
      const auto check = JsonNode(json, document).find("Healthcheck");
      const auto test = check ? check->find("Test") : std::nullopt;
      return test ? test->text_list() : std::vector<std::string>();
    } catch (const Error&) {
      return {};
    }
  }

  // Docker's HEALTHCHECK, which the OCI specification does not know.
  void check_probe() {
    const std::vector<std::string> words = probe_words();
    if (words.size() < 2 || !words[0].starts_with("CMD")) return;
    const std::string program = words[1].substr(0, words[1].find(' '));
    const bool is_plain = program.find_first_of("$`(\"';&|<>=[{!") == std::string::npos;
    if (!is_plain || program == "exit" || program == "test" ||
        find_program(input_, program) != nullptr) {
      return;
    }
    add("healthcheck-missing",
        Level::warning,
        fmt::format("`{}`, which HEALTHCHECK runs, is not in the image", printable(program)),
        "Docker takes the container for unhealthy",
        "add the package that has it, or leave HEALTHCHECK out");
  }

  const CheckInput& input_;
  StartedServer server_;
  std::set<unsigned> exposed_;
  Findings findings_;
};

}  // namespace

Findings check_server(const CheckInput& input) {
  return ServerCheck(input).run();
}

}  // namespace mlpack
