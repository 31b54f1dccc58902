#include "lib/host/smoke.h"

#include "lib/text.h"

#include <nlohmann/json.hpp>

#include <functional>

namespace mlpack {
namespace {

using Outcome = Answer::Outcome;

GpuRun run_of(unsigned index, const ChildText& child) {
  GpuRun run;
  run.index = index;
  run.answer = {child.outcome, child.code};
  if (child.outcome != Outcome::answered) return run;
  const auto json = nlohmann::json::parse(child.text, nullptr, false);
  if (!json.is_object()) {
    run.answer.outcome = Outcome::crashed;
    return run;
  }
  const std::string outcome = json.value("outcome", "");
  if (outcome == "missing") run.answer.outcome = Outcome::missing;
  if (outcome == "failed") run.answer = {Outcome::failed, json.value("code", 0)};
  run.call = json.value("call", "");
  if (json.value("kernels", "") == "binary") run.code = GpuRun::Code::binary;
  run.name = printable(json.value("name", ""));
  run.copied = json.value("copied", 0.0);
  run.product = json.value("product", 0.0);
  run.peak = json.value("peak", 0.0);
  run.wrong = json.value("wrong", std::uint64_t{0});
  run.compared = json.value("compared", std::uint64_t{0});
  return run;
}

}  // namespace

std::vector<GpuRun> run_on_gpus(const std::vector<std::string>& libraries,
                                unsigned count,
                                double seconds) {
  std::vector<std::function<void(const Say&)>> works;
  for (unsigned i = 0; i < count; ++i)
    works.push_back([&libraries, i](const Say& say) { say_run(libraries, i, say); });
  const std::vector<ChildText> texts = ask_children(works, seconds);
  std::vector<GpuRun> runs;
  for (unsigned i = 0; i < texts.size(); ++i)
    runs.push_back(run_of(i, texts[i]));
  return runs;
}

}  // namespace mlpack
