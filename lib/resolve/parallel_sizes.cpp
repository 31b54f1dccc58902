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

// What a runtime is told.
class Told {
 public:
  Told(const ServingRuntime& row, const Runtime& runtime, const Variables& variables)
      : row_(row), runtime_(runtime), variables_(variables) {}

  const ServingRuntime& row() const { return row_; }

  // `key` is a column of the row, empty where it has none.
  std::optional<std::string> said(std::string_view key) const {
    if (key.empty()) return std::nullopt;
    auto text = said_argument(row_, runtime_, key);
    return text ? text : variables_(key);
  }

  std::optional<std::uint64_t> parts(std::string_view key) const {
    const auto text = said(key);
    return text ? parts_in(*text) : std::nullopt;
  }

  // `key`, or `key=value`.
  bool says(std::string_view wanted) const {
    const std::size_t equals = wanted.find('=');
    const auto text = said(wanted.substr(0, equals));
    return text && (equals == std::string_view::npos || *text == wanted.substr(equals + 1));
  }

 private:
  const ServingRuntime& row_;
  const Runtime& runtime_;
  const Variables& variables_;
};

void read_copies(const Told& told, ParallelSizes& sizes) {
  const std::uint64_t data = told.parts(told.row().data_parallel).value_or(1);
  const std::string_view attention = told.row().attention_data_parallel;
  if (data > 0 && told.said(attention)) {
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

void read_machines(const Told& told, ParallelSizes& sizes) {
  const auto said = told.said(told.row().machines);
  const auto machines = said ? parts_in(*said) : 1;
  const auto local = told.parts(told.row().local_data_parallel);
  const auto& elsewhere = told.row().elsewhere;
  const bool is_elsewhere = local == std::uint64_t{0} ||
                            std::any_of(elsewhere.begin(),
                                        elsewhere.end(),
                                        [&](std::string_view wanted) { return told.says(wanted); });
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
  return product(product(tensor.value_or(1), pipeline), product(context, copies));
}

std::uint64_t ParallelSizes::tensors_of(std::uint64_t count) const {
  if (!machines) return std::max<std::uint64_t>(1, count);
  const std::uint64_t others =
      std::max<std::uint64_t>(1, product(product(pipeline, context), copies));
  return std::max<std::uint64_t>(1, product(count, *machines) / others);
}

std::string ParallelSizes::text() const {
  std::vector<std::string> parts;
  if (tensor) parts.push_back(fmt::format("tensor {}", *tensor));
  if (pipeline != 1) parts.push_back(fmt::format("pipeline {}", pipeline));
  if (context != 1) parts.push_back(fmt::format("context {}", context));
  if (copies != 1) parts.push_back(fmt::format("data {}", copies));
  return join(parts, " x ");
}

ParallelSizes parallel_sizes(const ServingRuntime& row,
                             const Runtime& runtime,
                             const Variables& variables) {
  const Told told(row, runtime, variables);
  ParallelSizes sizes;
  sizes.tensor = told.parts(row.tensor_parallel);
  sizes.pipeline = told.parts(row.pipeline_parallel).value_or(1);
  sizes.context = told.parts(row.context_parallel).value_or(1);
  read_copies(told, sizes);
  read_machines(told, sizes);
  return sizes;
}

ParallelSizes parallel_sizes(const ServingRuntime& row, const Spec& spec) {
  return parallel_sizes(
      row, spec.runtime->value, [&](std::string_view name) -> std::optional<std::string> {
        const auto found =
            std::find_if(spec.env.begin(), spec.env.end(), [&](const EnvVariable& variable) {
              return variable.name == name;
            });
        return found == spec.env.end() ? std::nullopt : std::optional(found->value({}));
      });
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
