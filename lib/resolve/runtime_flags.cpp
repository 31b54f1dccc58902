#include "lib/resolve/runtime_flags.h"

#include "lib/resolve/filled.h"
#include "lib/resolve/fit_args.h"
#include "lib/resolve/parallel_sizes.h"
#include "lib/resolve/runtime_plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

using Keys = std::set<std::string, std::less<>>;
using AdapterForm = RuntimeAdapters::Form;

struct Adapter {
  std::string name;
  std::string path;
  std::uint64_t rank = 0;  // 0: not known
};

// A flag of the row, unless `args` has its key.
void say_default(const RuntimeWish& wish,
                 const ServingRuntime::Flag& flag,
                 const Keys& said,
                 RuntimeCommand& command) {
  if (flag.empty() || said.contains(key_of(flag[0]))) return;
  if (flag.size() == 1) {
    command.words.emplace_back(flag[0]);
    return;
  }
  const std::string value = filled(flag[1], wish.values);
  if (!value.empty()) say(wish.row, flag[0], value, command);
}

void say_ports(const RuntimeWish& wish, const std::vector<Port>& ports, RuntimeCommand& command) {
  for (std::size_t i = 0; i < wish.row.ports.size(); ++i) {
    const RuntimePort& port = wish.row.ports[i];
    const bool is_said = port.said == RuntimePort::Said::always || ports[i].number != port.number;
    if (is_said) say(wish.row, port.flag, std::to_string(ports[i].number), command);
  }
}

// A single GPU is what every runtime takes unasked.
void say_tensor_parallel(const RuntimeWish& wish, const Keys& said, RuntimeCommand& command) {
  const std::string_view place = wish.row.tensor_parallel;
  if (place.empty()) return;
  const ParallelSizes sizes = parallel_sizes(wish.row, wish.spec);
  require_gpus(wish.spec, wish.row, sizes);
  const bool is_said = said.contains(key_of(place).empty() ? place : key_of(place));
  if (sizes.tensor || is_said) return;
  const std::uint64_t gpus = sizes.tensors_of(gpus_of_every_row(wish.spec));
  if (gpus > 1) say(wish.row, place, std::to_string(gpus), command);
}

const Weights& weights_of(const Spec& spec, const std::string& name) {
  const auto found = std::find_if(spec.weights.begin(), spec.weights.end(), [&](const auto& entry) {
    return entry.value.name == name;
  });
  return found->value;  // parsing saw to it that it is there
}

std::string adapter_path(const RuntimeWish& wish, const Weights& weights) {
  const WeightsFacts* const facts = wish.facts.find(weights.name);
  if (wish.row.adapters.form != AdapterForm::list || facts == nullptr) {
    return folder_of_target(weights.target);
  }
  ServedModel adapter;
  adapter.name = weights.name;
  choose_gguf(wish.row, facts->files, adapter);
  return adapter.path;
}

std::vector<Adapter> adapters_of(const RuntimeWish& wish) {
  std::vector<Adapter> adapters;
  for (const std::string& name : wish.spec.runtime->value.adapters) {
    const WeightsFacts* const facts = wish.facts.find(name);
    adapters.push_back({name,
                        adapter_path(wish, weights_of(wish.spec, name)),
                        facts != nullptr ? facts->rank.value_or(0) : 0});
  }
  return adapters;
}

// The folder that all adapters lie in, each under its name.
std::string common_folder(const ServingRuntime& row, const std::vector<Adapter>& adapters) {
  const std::string& first = adapters.front().path;
  const std::string folder = first.substr(0, first.rfind('/'));
  for (const Adapter& adapter : adapters) {
    if (!folder.empty() && adapter.path == folder + "/" + adapter.name) continue;
    throw Error(Fault::usage,
                fmt::format("{} looks for all adapters in one folder, and `{}` is `{}`",
                            row.title,
                            adapter.name,
                            adapter.path),
                fmt::format("set `target: /adapters/{}`, and so on", adapter.name));
  }
  return folder;
}

// The smallest rank that the flag takes and that is enough.
std::uint64_t rank_for(const RuntimeAdapters& row, std::uint64_t needed) {
  if (row.ranks.empty()) return needed;
  const auto found = std::lower_bound(row.ranks.begin(), row.ranks.end(), needed);
  if (found != row.ranks.end()) return *found;
  throw Error(Fault::incompatible,
              fmt::format("an adapter has rank {}, and the largest that can be served is {}",
                          needed,
                          row.ranks.back()),
              "merge it into the model");
}

void say_rank(const RuntimeWish& wish,
              const std::vector<Adapter>& adapters,
              const Keys& said,
              RuntimeCommand& command) {
  const RuntimeAdapters& row = wish.row.adapters;
  std::uint64_t largest = 0;
  for (const Adapter& adapter : adapters)
    largest = std::max(largest, adapter.rank);
  if (row.rank.empty() || largest <= row.default_rank || said.contains(key_of(row.rank))) return;
  say(wish.row, row.rank, std::to_string(rank_for(row, largest)), command);
}

void say_adapters(const RuntimeWish& wish, const Keys& said, RuntimeCommand& command) {
  const RuntimeAdapters& row = wish.row.adapters;
  const std::vector<Adapter> adapters = adapters_of(wish);
  if (adapters.empty()) return;
  std::vector<std::string> pairs;
  std::vector<std::string> paths;
  for (const Adapter& adapter : adapters) {
    pairs.push_back(adapter.name + "=" + adapter.path);
    paths.push_back(adapter.path);
  }
  if (!row.enable.empty() && !said.contains(key_of(row.enable))) {
    command.words.emplace_back(row.enable);
  }
  switch (row.form) {
    case AdapterForm::none:
      throw Error(Fault::usage,
                  fmt::format("{} takes no adapters", wish.row.title),
                  "merge them into the model");
    case AdapterForm::pairs:
      command.words.emplace_back(row.flag);
      command.words.insert(command.words.end(), pairs.begin(), pairs.end());
      break;
    case AdapterForm::joined:
      say(wish.row, row.flag, join(pairs, ","), command);
      break;
    case AdapterForm::list:
      say(wish.row, row.flag, join(paths, ","), command);
      break;
    case AdapterForm::folder:
      say(wish.row, row.flag, common_folder(wish.row, adapters), command);
      break;
  }
  say_rank(wish, adapters, said, command);
}

// The application is a word of its own: the file of `config`, what `args` says, or the usual one. A
// list of arguments has it itself.
void say_application(const RuntimeWish& wish, const std::string& config, RuntimeCommand& command) {
  if (wish.row.application_key.empty()) return;
  if (!config.empty() && wish.row.config.use == RuntimeConfig::Use::positional) {
    command.words.push_back(config);
    return;
  }
  const Runtime& runtime = wish.spec.runtime->value;
  if (!runtime.plain_args.empty()) return;
  const auto said =
      std::find_if(runtime.args.begin(), runtime.args.end(), [&](const RuntimeArg& arg) {
        return arg.key == wish.row.application_key && arg.kind == RuntimeArg::Kind::text;
      });
  command.words.push_back(said == runtime.args.end() ? std::string(wish.row.application)
                                                     : said->text);
}

}  // namespace

unsigned gpus_of_every_row(const Spec& spec) {
  if (spec.fleet.empty()) return 1;
  const unsigned first = spec.fleet.front().value.count;
  for (const auto& [row, place] : spec.fleet) {
    if (row.count == first) continue;
    throw Error(
        Fault::incompatible,
        fmt::format("the machines of `fleet` have {} and {} GPUs, and a command in an image "
                    "can say one number",
                    first,
                    row.count),
        "give all rows one `count`, build an image for each, or say the number in `args`",
        spec.fleet_place ? std::vector<Where>{spec.where(*spec.fleet_place)}
                         : std::vector<Where>{});
  }
  return first;
}

RuntimeCommand command_words(const RuntimeWish& wish,
                             std::string_view model_place,
                             const std::vector<Port>& ports,
                             const std::string& config) {
  const ServingRuntime& row = wish.row;
  const Runtime& runtime = wish.spec.runtime->value;
  const Keys said = said_keys(row, runtime);
  RuntimeCommand command;
  say_application(wish, config, command);
  if (!wish.model.path.empty()) say(row, model_place, wish.model.path, command);
  if (!wish.model.projector.empty() && !said.contains(key_of(row.projector))) {
    say(row, row.projector, wish.model.projector, command);
  }
  if (!said.contains(key_of(row.served_name))) {
    say(row, row.served_name, wish.model.name, command);
  }
  say_default(wish, row.host, said, command);
  say_ports(wish, ports, command);
  for (const ServingRuntime::Flag& flag : row.flags)
    say_default(wish, flag, said, command);
  require_shares(row, runtime);
  say_tensor_parallel(wish, said, command);
  say_adapters(wish, said, command);
  if (!config.empty() && row.config.use == RuntimeConfig::Use::flag) {
    say(row, row.config.name, config, command);
  }
  say_args(row, runtime, command);
  return command;
}

}  // namespace mlpack
