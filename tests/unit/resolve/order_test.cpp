#include "tests/unit/resolve/rules_support.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <random>

using namespace mlpack;
using namespace mlpack::test;

namespace {

using Lines = std::vector<std::string>;

// A spec whose lists may be written in any order.
struct ListedSpec {
  Lines fleet;
  Lines packages;
  Lines platforms;
  std::string rest;

  std::string text() const {
    std::string text = rest;
    const auto add = [&](const Lines& list, std::string_view form) {
      if (!list.empty()) text += fmt::format(fmt::runtime(form), join(list, ", "));
    };
    add(fleet, "; fleet: [{}]");
    add(packages, "; python: {{packages: [{}]}}");
    add(platforms, "; platform: [{}]");
    return text;
  }
};

// Specs made by chance, with two of most things.
class ListedSpecs {
 public:
  ListedSpec make() {
    ListedSpec spec{any_of(groups, 4), {}, {}, {}};
    spec.rest = chance(3) ? "cuda: '" + std::string(any(cudas)) + "'" : "x-none: 1";
    if (chance(4)) spec.rest += "; base: '" + std::string(any(bases)) + "'";
    if (chance(3)) spec.rest += "; runtime: " + std::string(any(runtimes));
    if (!chance(3)) spec.packages = any_of(packages, 3);
    if (chance(4)) spec.platforms = any_of(platforms, 2);
    if (spec.fleet.empty()) spec.fleet.emplace_back("L4");
    return spec;
  }

  void shuffle(ListedSpec& spec) {
    for (Lines* const list : {&spec.fleet, &spec.packages, &spec.platforms})
      std::shuffle(list->begin(), list->end(), random_);
  }

 private:
  static constexpr std::array groups{"L4",
                                     "V100",
                                     "B200",
                                     "GH200",
                                     "cpu",
                                     "'L4:2'",
                                     "{gpu: T4, driver: '470.82.01'}",
                                     "{gpu: T4, driver: '550.90.07'}",
                                     "{gpu: L4, driver: '535.183.01'}",
                                     "{gpu: L4, driver: '535'}",
                                     "{gpu: H100, driver: '525.60.13'}",
                                     "{gpu: RTX 4090, driver: '535.183.01'}",
                                     "{gpu: K80, driver: '470.82.01'}",
                                     "{gpu: A100, driver: '450.80.02'}"};
  static constexpr std::array packages{"torch",
                                       "torch==2.6.0",
                                       "'torch>=2.5,<2.8'",
                                       "tensorflow",
                                       "tensorflow==2.16.1",
                                       "'jax[cuda12]'",
                                       "'jax[cuda13]'",
                                       "jax==0.4.30",
                                       "onnxruntime-gpu",
                                       "onnxruntime-gpu==1.18.0"};
  static constexpr std::array platforms{"linux/amd64", "linux/arm64"};
  static constexpr std::array cudas{"11.8", "12.4", "12.6", "12.9", "13.0"};
  static constexpr std::array bases{"nvidia/cuda:12.4.1-base-ubuntu22.04",
                                    "python:3.9-slim-bookworm",
                                    "ubuntu:18.04",
                                    "example.com/own:1"};
  static constexpr std::array runtimes{"vllm", "sglang", "tgi", "triton", "tensorrt_llm"};

  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
  }
  bool chance(std::size_t one_in) { return pick(one_in) == 0; }
  const char* any(const auto& list) { return list[pick(list.size())]; }

  Lines any_of(const auto& list, std::size_t most) {
    Lines taken;
    for (std::size_t i = pick(most + 1); i > 0; --i) {
      const std::string one = any(list);
      if (std::find(taken.begin(), taken.end(), one) == taken.end()) taken.push_back(one);
    }
    return taken;
  }

  std::mt19937 random_{20261129};
};

std::string reasons_text(const std::vector<Ruling>& rulings) {
  std::string text;
  for (const Ruling& ruling : rulings)
    text += "\n    " + ruling.reason;
  return text;
}

// All that a user sees of it but for places in the spec.
std::string all_of(const Resolution& resolution) {
  std::string text = answer_text(resolution);
  if (resolution.stack) {
    const Stack& stack = *resolution.stack;
    text += fmt::format("\n  base {}; python {}; compat {}; cuda of {}",
                        stack.base,
                        stack.python ? stack.python->text() : "none",
                        stack.compat == CompatInImage::yes,
                        stack.cuda_from);
    for (const Choice& choice : stack.choices)
      text += "\n  " + choice.what + reasons_text(choice.because);
    return text + "\n  doubts" + reasons_text(stack.doubts);
  }
  for (const Conflict& conflict : resolution.conflicts) {
    text += "\n  conflict" + reasons_text(conflict.because);
    for (const Fix& fix : conflict.fixes)
      text += fmt::format("\n    {} ({})", fix.text, fix.cost);
  }
  return text;
}

}  // namespace

TEST_CASE("no answer depends on the order in which a spec lists things") {
  ListedSpecs specs;
  int conflicts = 0;
  for (int i = 0; i < 2000; ++i) {
    ListedSpec spec = specs.make();
    const std::string first = spec.text();
    const Resolution found = solve(catalog(), demands_in(first));
    conflicts += found.stack ? 0 : 1;
    specs.shuffle(spec);
    const Resolution again = solve(catalog(), demands_in(spec.text()));
    CHECK_MESSAGE(all_of(found) == all_of(again), first << "\n" << spec.text());
  }
  CHECK(conflicts > 600);
  CHECK(conflicts < 1800);
}
