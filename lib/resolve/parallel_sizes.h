#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

struct Runtime;
struct ServingRuntime;
struct Spec;

/// How a command tells a runtime to share a model among GPUs. What is no number (`two`, or
/// `$(TP)`, which Kubernetes fills in) counts as not said.
struct ParallelSizes {
  /// What mixtures of experts do where there are several copies.
  enum class Experts {
    copied,  // as everything else
    shared   // they are divided over the GPUs of all copies
  };
  std::optional<std::uint64_t> tensor{};      // GPUs that have a part of each layer
  std::uint64_t pipeline = 1;                 // stages, which have layers of their own
  std::uint64_t context = 1;                  // GPUs that share a sequence, each with all weights
  std::uint64_t data = 1;                     // copies of the model, on GPUs of their own
  std::uint64_t copies = 1;                   // of them on the machines that work as one
  std::uint64_t attention = 1;                // copies of attention alone, on the tensors' GPUs
  std::optional<std::uint64_t> machines = 1;  // that work as one; nullopt: nobody says how many
  Experts experts = Experts::copied;

  /// What the machines of a container need together, as far as it is said.
  std::uint64_t gpus() const;
  /// What is left for tensors where a machine has `count` GPUs; at least 1.
  std::uint64_t tensors_of(std::uint64_t count) const;
  /// `tensor 2 x pipeline 2`: the numbers whose product are the GPUs.
  std::string text() const;
};

/// The variable of the environment with a name.
using Variables = std::function<std::optional<std::string>(std::string_view)>;

/// What `runtime.args` says, and where it says nothing, a variable that the runtime has for it.
ParallelSizes parallel_sizes(const ServingRuntime& row,
                             const Runtime& runtime,
                             const Variables& variables);
/// With the environment of `spec`, which names a runtime.
ParallelSizes parallel_sizes(const ServingRuntime& row, const Spec& spec);

/// Fault::incompatible where machines of the fleet have fewer GPUs than the command of the runtime
/// takes, or it is to take none.
void require_gpus(const Spec& spec, const ServingRuntime& row, const ParallelSizes& sizes);

}  // namespace mlpack
