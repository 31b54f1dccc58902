#include "lib/check/check.h"
#include "lib/check/server.h"
#include "lib/model/config.h"
#include "lib/model/damage.h"
#include "lib/resolve/parallel_sizes.h"
#include "lib/resolve/rules_code.h"
#include "lib/spec/spec.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr std::uint64_t most_gpus = 1024;
// Servers that load a model as transformers does, and take its code only where they are told to.
constexpr std::array<std::string_view, 3> transformers_servers{"vllm", "sglang", "tgi"};
constexpr std::array<std::string_view, 1> trust_flags{"--trust-remote-code"};
constexpr std::array<std::string_view, 1> dtype_flags{"--dtype"};

/// What a server is told about a model, and what the model's own files say.
class ModelCheck {
 public:
  explicit ModelCheck(const CheckInput& input)
      : input_(input), server_(started_server(input.config)) {}

  Findings run() {
    if (server_.runtime == nullptr) return {};
    sizes_ = told_sizes();
    check_gpus();
    check_dtype();
    for (const auto& [path, file] : input_.files.read()) {
      if (path.ends_with("/config.json") && is_served(path)) check_config(*file);
      if (path.ends_with("/adapter_config.json") && is_served(path)) check_adapter(*file);
    }
    return std::move(findings_);
  }

 private:
  Finding& add(std::string id, Level level, std::string what) {
    Finding& finding = findings_.emplace_back();
    finding.id = std::move(id);
    finding.level = level;
    finding.what = std::move(what);
    return finding;
  }

  // A word of the command, or what follows its `=`, is the folder of the file.
  bool is_served(std::string_view path) const {
    const std::string folder(path.substr(0, path.rfind('/')));
    return std::any_of(server_.words.begin(), server_.words.end(), [&](const std::string& word) {
      const std::size_t slash = word.find('/');
      if (slash != 0 && (slash == std::string::npos || word[slash - 1] != '=')) return false;
      const auto real = input_.files.real_path(std::string_view(word).substr(slash));
      return real && *real == folder;
    });
  }

  ParallelSizes told_sizes() const {
    Runtime told;
    told.plain_args = server_.words;
    return parallel_sizes(*server_.runtime, told, [&](std::string_view name) {
      return input_.config.env_value(name);
    });
  }

  void check_gpus() {
    if (!sizes_.machines) return;
    const std::uint64_t machines = std::max<std::uint64_t>(1, *sizes_.machines);
    const std::uint64_t wanted = sizes_.gpus() / machines + (sizes_.gpus() % machines == 0 ? 0 : 1);
    for (const CheckMachine& machine : input_.fleet) {
      if (machine.gpu == nullptr || machine.count >= wanted) continue;
      Finding& finding =
          add("gpus-too-few",
              Level::error,
              fmt::format("the command takes {} GPUs{} ({}), and {} x {} has {}",
                          wanted,
                          machines == 1 ? "" : fmt::format(" on each of {} machines", machines),
                          sizes_.text(),
                          machine.count,
                          machine.gpu->name,
                          machine.count));
      finding.why = fmt::format("{} does not start with fewer", server_.runtime->title);
      finding.fix =
          fmt::format("say as many as there are with `{}`", server_.runtime->tensor_parallel);
    }
  }

  void check_dtype() {
    if (server_.value_of(dtype_flags).value_or("") != "bfloat16") return;
    for (const CheckMachine& machine : input_.fleet) {
      if (!lacks_bfloat16(machine)) continue;
      Finding& finding = add(
          "model-dtype",
          Level::error,
          fmt::format("the command asks for bfloat16, which {} does not have", machine.gpu->name));
      finding.why = fmt::format("{} does not start there", server_.runtime->title);
      finding.fix = "say `--dtype half`, or leave it to the server";
    }
  }

  bool lacks_bfloat16(const CheckMachine& machine) const {
    if (machine.gpu == nullptr) return false;
    const Version& device = machine.gpu->compute_capability;
    return bfloat16_runs(input_.catalog, *server_.runtime, device).verdict == Verdict::no;
  }

  bool lacks(const CheckMachine& machine, std::string_view method) const {
    if (machine.gpu == nullptr) return false;
    const Version& device = machine.gpu->compute_capability;
    return quantisation_runs(input_.catalog, method, device).verdict == Verdict::no;
  }

  void check_config(const FileFacts& file) {
    try {
      const ModelConfig model = read_model_config(TextReadAt(file.content->text));
      check_heads(file, model);
      check_quantisation(file, model);
    } catch (const Damage&) {
      return;  // what loads it will say why
    }
    check_code(file);
  }

  // What divides the heads: each copy of attention has a part of the GPUs.
  std::optional<std::uint64_t> heads_over() const {
    const bool is_shared = sizes_.tensor && sizes_.attention > 1;
    return is_shared ? *sizes_.tensor / sizes_.attention : sizes_.tensor;
  }

  void check_heads(const FileFacts& file, const ModelConfig& model) {
    const auto wanted = heads_over();
    if (!wanted || *wanted == 0 || !model.heads || *model.heads % *wanted == 0) return;
    Finding& finding = add("model-not-divisible",
                           Level::error,
                           fmt::format("`/{}` has {} attention heads, which {} GPUs do not divide",
                                       printable(file.path),
                                       *model.heads,
                                       *wanted));
    finding.why = fmt::format("{} refuses to start", server_.runtime->title);
    finding.fix =
        fmt::format("say a number that divides them with `{}`", server_.runtime->tensor_parallel);
    finding.file = file.path;
  }

  void check_quantisation(const FileFacts& file, const ModelConfig& model) {
    if (!model.quantisation) return;
    const std::string& method = model.quantisation->method;
    for (const CheckMachine& machine : input_.fleet) {
      if (!lacks(machine, method)) continue;
      // Weights alone can be fp8 on GPUs that cannot compute with it.
      const bool is_slower = method == "fp8" && !lacks(machine, "fp8_weight_only");
      Finding& finding = add("model-quantisation",
                             is_slower ? Level::warning : Level::error,
                             fmt::format("`/{}` is quantised by {}, which {} does not compute",
                                         printable(file.path),
                                         printable(method),
                                         machine.gpu->name));
      finding.why = is_slower ? "it is slower there: the weights are made larger for each use"
                              : "its kernels are not for GPUs of that age";
      finding.fix = "package another quantisation, or take newer GPUs";
      finding.file = file.path;
    }
  }

  void check_code(const FileFacts& file) {
    const bool is_loaded = std::find(transformers_servers.begin(),
                                     transformers_servers.end(),
                                     server_.runtime->name) != transformers_servers.end();
    const bool has_code = file.content->text.find("\"auto_map\"") != std::string::npos;
    if (!is_loaded || !has_code || server_.says(trust_flags.front())) return;
    Finding& finding = add("model-code-not-trusted",
                           Level::warning,
                           fmt::format("`/{}` names code of the model's own (`auto_map`), and the "
                                       "server is not told to trust it",
                                       printable(file.path)));
    finding.why = "a model that the server does not know by itself is not loaded then";
    finding.fix =
        "read the code, and add `--trust-remote-code`; nothing has to be done for models "
        "that the server knows";
    finding.file = file.path;
  }

  void check_adapter(const FileFacts& file) {
    const RuntimeAdapters& adapters = server_.runtime->adapters;
    if (adapters.rank.empty()) return;
    std::optional<std::uint64_t> rank;
    try {
      rank = read_adapter_config(TextReadAt(file.content->text)).rank;
    } catch (const Damage&) {
      return;
    }
    const std::array flags{adapters.rank};
    const auto said = server_.value_of(flags);
    const auto most =
        said ? parse_number(*said, most_gpus) : std::optional<std::uint64_t>(adapters.default_rank);
    if (!rank || !most || *rank <= *most) return;
    Finding& finding =
        add("adapter-rank",
            Level::error,
            fmt::format(
                "`/{}` has rank {}, and the server takes {}", printable(file.path), *rank, *most));
    finding.why = fmt::format("{} does not load the adapter", server_.runtime->title);
    finding.fix = fmt::format("say the largest rank with `{}`", adapters.rank);
    finding.file = file.path;
  }

  const CheckInput& input_;
  StartedServer server_;
  ParallelSizes sizes_;
  Findings findings_;
};

}  // namespace

Findings check_model(const CheckInput& input) {
  return ModelCheck(input).run();
}

}  // namespace mlpack
