#include "lib/resolve/parallel_sizes.h"

#include "lib/error.h"
#include "lib/resolve/runtime_args.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace mlpack {
namespace {

constexpr std::uint64_t most_parts = std::uint64_t{1} << 62;
constexpr std::uint64_t most_of_a_machine = 1024;

// No more than `most_parts`.
std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  return a != 0 && b > most_parts / a ? most_parts : a * b;
}

// A number that is too large for us is no smaller for the runtime.
std::optional<std::uint64_t> parts_in(const std::string& text) {
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return std::nullopt;
  return parse_number(text, most_parts).value_or(most_parts);
}

std::optional<std::uint64_t> said_parts(const ServingRuntime& row,
                                        const Runtime& runtime,
                                        std::string_view key) {
  const auto said = key.empty() ? std::nullopt : said_argument(row, runtime, key);
  return said ? parts_in(*said) : std::nullopt;
}

// `key`, or `key=value`.
bool says(const ServingRuntime& row, const Runtime& runtime, std::string_view wanted) {
  const std::size_t equals = wanted.find('=');
  const auto said = said_argument(row, runtime, wanted.substr(0, equals));
  return said && (equals == std::string_view::npos || *said == wanted.substr(equals + 1));
}

void read_copies(const ServingRuntime& row, const Runtime& runtime, ParallelSizes& sizes) {
  const std::uint64_t data = said_parts(row, runtime, row.data_parallel).value_or(1);
  const std::string_view attention = row.attention_data_parallel;
  if (data > 0 && !attention.empty() && said_argument(row, runtime, attention)) {
    sizes.attention = data;
    return;
  }
  sizes.data = data;
  sizes.copies = data;
  // A runtime without a flag for it does so with each mixture of experts (vLLM docs,
  // serving/data_parallel_deployment.md).
  sizes.experts =
      attention.empty() ? ParallelSizes::Experts::shared : ParallelSizes::Experts::copied;
}

void read_machines(const ServingRuntime& row, const Runtime& runtime, ParallelSizes& sizes) {
  const auto said = row.machines.empty() ? std::nullopt : said_argument(row, runtime, row.machines);
  const auto machines = said ? parts_in(*said) : 1;
  const auto local = said_parts(row, runtime, row.local_data_parallel);
  const bool is_elsewhere =
      local == std::uint64_t{0} ||
      std::any_of(row.elsewhere.begin(), row.elsewhere.end(), [&](std::string_view wanted) {
        return says(row, runtime, wanted);
      });
  if (!machines || *machines > 1) {
    sizes.machines = machines;
  } else if (local && *local > 0) {
    sizes.copies = *local;
  } else if (is_elsewhere) {
    sizes.machines.reset();
  }
}

std::string machines_text(const FleetRow& row, std::uint64_t machines) {
  return machines == 1
             ? fmt::format("a machine with {} has {}", row.gpu, row.count)
             : fmt::format("{} machines with {} have {}", machines, row.gpu, row.count * machines);
}

std::string hint_for(std::uint64_t gpus, std::uint64_t machines) {
  const std::uint64_t count = gpus / machines + (gpus % machines == 0 ? 0 : 1);
  const bool is_possible = count > 0 && count <= most_of_a_machine;
  return is_possible
             ? fmt::format("set `count: {}` in `fleet`, or say smaller numbers in `args`", count)
             : "say the numbers of GPUs that there are in `args`";
}

}  // namespace

std::uint64_t ParallelSizes::gpus() const {
  return product(product(tensor.value_or(1), pipeline), copies);
}

std::uint64_t ParallelSizes::tensors_of(std::uint64_t count) const {
  if (!machines) return std::max<std::uint64_t>(1, count);
  const std::uint64_t others = std::max<std::uint64_t>(1, product(pipeline, copies));
  return std::max<std::uint64_t>(1, product(count, *machines) / others);
}

std::string ParallelSizes::text() const {
  std::vector<std::string> parts;
  if (tensor) parts.push_back(fmt::format("tensor {}", *tensor));
  if (pipeline != 1) parts.push_back(fmt::format("pipeline {}", pipeline));
  if (copies != 1) parts.push_back(fmt::format("data {}", copies));
  return join(parts, " x ");
}

ParallelSizes parallel_sizes(const ServingRuntime& row, const Runtime& runtime) {
  ParallelSizes sizes;
  sizes.tensor = said_parts(row, runtime, row.tensor_parallel);
  sizes.pipeline = said_parts(row, runtime, row.pipeline_parallel).value_or(1);
  read_copies(row, runtime, sizes);
  read_machines(row, runtime, sizes);
  return sizes;
}

void require_gpus(const Spec& spec, const ServingRuntime& row, const ParallelSizes& sizes) {
  const std::uint64_t gpus = sizes.gpus();
  const std::uint64_t machines = sizes.machines.value_or(most_parts);
  for (const auto& [machine, place] : spec.fleet) {
    const bool is_enough = gpus > 0 && gpus <= product(machine.count, machines);
    if (machine.is_cpu() || is_enough) continue;
    throw Error(Fault::incompatible,
                fmt::format("{} is told to take {} GPU{} ({}), and {}",
                            row.title,
                            gpus,
                            gpus == 1 ? "" : "s",
                            sizes.text(),
                            machines_text(machine, sizes.machines.value_or(1))),
                hint_for(gpus, machines),
                {spec.where(place)});
  }
}

}  // namespace mlpack
