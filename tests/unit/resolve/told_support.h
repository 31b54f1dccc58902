#pragma once

#include "lib/resolve/fit_args.h"
#include "lib/resolve/runtime_plan.h"
#include "tests/unit/resolve/fit_support.h"

#include <fmt/format.h>

#include <string_view>

namespace mlpack::fit_tests {

inline Spec spec_of(std::string_view runtime, std::string_view env = "{}") {
  return parse_spec(
      fmt::format("schema: 1\nname: demo\nbase: scratch\nfleet: [L4]\nruntime: {{name: {}}}\n"
                  "weights: [{{source: weights}}]\nenv: {}\n",
                  runtime,
                  env),
      "/spec/mlpack.yaml");
}

// An 8B whose weights have elements of `bytes` bytes, and a context of 8192.
inline ModelShape small_model(unsigned bytes = 2) {
  ModelShape shape = llama_8b();
  shape.context = 8192;
  shape.element_bytes = bytes;
  shape.weight_bytes = shape.weight_bytes / 2 * bytes;
  return shape;
}

inline FitQuestion asked_of(std::string_view gpu_name,
                            std::string_view runtime,
                            std::string_view env = "{}") {
  const Spec spec = spec_of(runtime, env);
  FitQuestion asked;
  asked.gpu = &gpu(gpu_name);
  asked.runtime = runtime_of(spec)->name;
  ask_as_told(catalog(), *runtime_of(spec), spec, asked);
  return asked;
}

inline Fit fit_told(std::string_view gpu_name, std::string_view runtime, unsigned bytes = 2) {
  return fit_model(catalog(), small_model(bytes), asked_of(gpu_name, runtime));
}

}  // namespace mlpack::fit_tests
