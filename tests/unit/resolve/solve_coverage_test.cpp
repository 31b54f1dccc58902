#include "lib/catalog/runtimes.h"
#include "lib/resolve/releases.h"
#include "lib/resolve/solve.h"
#include "tests/unit/resolve/questions.h"
#include "tests/unit/resolve/solve_support.h"

#include <doctest/doctest.h>

#include <set>

using namespace mlpack;
using namespace mlpack::test;

namespace {

// What the questions speak of.
struct Asked {
  std::set<std::string_view> specs;
  std::set<std::string> runtimes;
  std::set<std::pair<std::string, Gpu::Kind>> architectures;
  std::set<std::string> cuda;   // pinned, or the answer
  std::set<std::string> torch;  // minor releases: `2.14`
};

std::string minor_text(const Version& version) {
  return fmt::format("{}.{}", version.part(0), version.part(1));
}

bool is_jetson(const Gpu& gpu) {
  return gpu.kind == Gpu::Kind::jetson;
}

std::string architecture_of(const Gpu& gpu) {
  const Architecture* const known = Catalog::built_in().find_architecture(gpu.compute_capability);
  REQUIRE(known != nullptr);
  return std::string(known->architecture);
}

// What an answer has of `what`: `2.14.1` of `torch 2.14.1+cu132; driver 580.65.06`.
std::optional<Version> answered(std::string_view answer, std::string_view what) {
  if (answer.starts_with("no: ")) return std::nullopt;
  for (const std::string_view part : split(answer, ';')) {
    const std::string_view choice = trim(part);
    if (!choice.starts_with(what) || choice.size() <= what.size()) continue;
    const std::string_view version = choice.substr(what.size() + 1);
    return Version::parse(version.substr(0, version.find('+')));
  }
  return std::nullopt;
}

void note_demands(Asked& asked, std::string_view spec) {
  const Demands demands = demands_in(spec);
  if (demands.cuda) asked.cuda.insert(minor_text(*demands.cuda));
  for (const FleetGroup& group : demands.fleet) {
    if (group.gpu == nullptr) continue;
    const auto kind = is_jetson(*group.gpu) ? Gpu::Kind::jetson : Gpu::Kind::datacenter;
    asked.architectures.emplace(architecture_of(*group.gpu), kind);
  }
  for (const PackageDemand& package : demands.packages) {
    if (package.name != "torch") continue;
    if (const auto pinned = Version::parse(pinned_release(package.specifier)))
      asked.torch.insert(minor_text(*pinned));
  }
}

Asked all_asked() {
  Asked asked;
  for (const auto& questions : all_questions()) {
    for (const SpecQuestion& question : questions) {
      CHECK_MESSAGE(asked.specs.insert(question.spec).second, std::string(question.spec));
      CHECK_MESSAGE(std::string_view(question.source).size() > 4, std::string(question.spec));
      if (const auto& runtime = spec_in(question.spec).runtime)
        asked.runtimes.insert(runtime->value.name);
      note_demands(asked, question.spec);
      if (const auto cuda = answered(question.answer, "cuda")) asked.cuda.insert(minor_text(*cuda));
      if (const auto torch = answered(question.answer, "torch"))
        asked.torch.insert(minor_text(*torch));
    }
  }
  return asked;
}

}  // namespace

void mlpack::test::ask(std::span<const SpecQuestion> questions) {
  for (const SpecQuestion& question : questions) {
    const Resolution resolution = solve(Catalog::built_in(), demands_in(question.spec));
    CHECK_MESSAGE(
        answer_text(resolution) == question.answer, std::string(question.spec), question.source);
  }
}

TEST_CASE("the questions speak of every runtime, architecture, toolkit and release of PyTorch") {
  const Asked asked = all_asked();
  const Catalog& catalog = Catalog::built_in();
  CHECK(asked.specs.size() >= 150);
  for (const ServingRuntime& runtime : serving_runtimes())
    CHECK_MESSAGE(asked.runtimes.count(std::string(runtime.name)) == 1, std::string(runtime.name));
  for (const CudaToolkit& toolkit : catalog.cuda_toolkits()) {
    CHECK_MESSAGE(asked.cuda.count(minor_text(toolkit.cuda)) == 1, minor_text(toolkit.cuda));
  }
  for (const TorchRelease& release : catalog.torch_releases()) {
    CHECK_MESSAGE(asked.torch.count(minor_text(release.release)) == 1,
                  std::string(release.release.text()));
  }
  const Version pascal = *Version::parse("6.0");
  for (const Gpu& gpu : catalog.gpus()) {
    if (gpu.compute_capability < pascal) continue;
    const auto kind = is_jetson(gpu) ? Gpu::Kind::jetson : Gpu::Kind::datacenter;
    CHECK_MESSAGE(asked.architectures.count({architecture_of(gpu), kind}) == 1,
                  std::string(gpu.name));
  }
}
