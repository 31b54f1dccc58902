#include "lib/check/host_image.h"

#include "lib/resolve/plan.h"
#include "lib/resolve/stack_image.h"
#include "lib/text.h"

#include <algorithm>
#include <charconv>

namespace mlpack {
namespace {

constexpr std::uint64_t most_weights = std::uint64_t{1} << 60;

std::string label_of(const ImageConfig& config, std::string_view name) {
  const auto found = config.labels.find(std::string(name));
  return found == config.labels.end() ? std::string() : found->second;
}

std::vector<ImageNeeds::Gpus> gpus_in(const std::string& label) {
  std::vector<ImageNeeds::Gpus> gpus;
  for (const std::string_view part : split(label, ',')) {
    if (trim(part).empty()) continue;
    const std::size_t colon = part.rfind(':');
    const auto count = colon == std::string_view::npos ? std::optional<std::uint64_t>(1)
                                                       : parse_number(part.substr(colon + 1), 1024);
    gpus.push_back(
        {std::string(trim(part.substr(0, colon))), static_cast<unsigned>(count.value_or(1))});
  }
  return gpus;
}

// `4`, `1.5`, `500m`
std::optional<double> processors_in(const std::string& label) {
  double value = 0;
  const auto [end, failed] = std::from_chars(label.data(), label.data() + label.size(), value);
  if (failed != std::errc()) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(label.data() + label.size() - end));
  if (rest == "m") return value / 1000;
  return rest.empty() ? std::optional(value) : std::nullopt;
}

// `32Gi` of Kubernetes, `16GiB`
std::optional<std::uint64_t> bytes_in(const std::string& label) {
  const auto bytes = parse_size(label);
  return bytes || label.empty() ? bytes : parse_size(label + "B");
}

}  // namespace

ImageNeeds needs_of(const ImageConfig& config) {
  ImageNeeds needs;
  needs.cuda = Version::parse(label_of(config, label::cuda));
  needs.driver = Version::parse(label_of(config, label::driver));
  needs.gpus = gpus_in(label_of(config, label::gpus));
  needs.memory = bytes_in(label_of(config, label::memory));
  needs.processors = processors_in(label_of(config, label::cpu));
  needs.shared_memory = bytes_in(label_of(config, label::shm));
  const std::string visible = config.env_value("NVIDIA_VISIBLE_DEVICES").value_or("");
  const bool wants = !visible.empty() && visible != "void" && visible != "none";
  needs.gpu = wants || needs.cuda || !needs.gpus.empty() ||
              config.env_value("NVIDIA_REQUIRE_CUDA") || config.env_value("CUDA_VERSION");
  return needs;
}

HostMachines::HostMachines(const Catalog& catalog,
                           const std::vector<HostGpus>& gpus,
                           const std::optional<Version>& driver) {
  for (const HostGpus& each : gpus) {
    CheckMachine machine;
    machine.count = each.count;
    machine.driver = driver;
    machine.gpu = each.gpu;
    const Architecture* const kind =
        each.capability ? catalog.find_architecture(*each.capability) : nullptr;
    if (machine.gpu == nullptr && kind != nullptr) {
      const auto memory = static_cast<unsigned>(each.memory >> 30U);
      machine.gpu = &made_.emplace_back(Gpu{kind->row,
                                            each.name,
                                            kind->architecture,
                                            kind->compute_capability,
                                            memory,
                                            Gpu::Kind::professional,
                                            Gpu::ForwardCompat::some_servers,
                                            kind->first_cuda,
                                            kind->last_cuda,
                                            {},
                                            {},
                                            {},
                                            {}});
    }
    if (machine.gpu == nullptr) {
      unknown_.push_back(each.name);
    } else {
      machines_.push_back(machine);
    }
  }
}

HostImage host_image(const Image& image) {
  HostImage result{image.config, image.total_size(), 0, nullptr};
  for (const Layer& layer : layers_of(image))
    if (layer.role == Role::weights) result.weights += layer.descriptor.size;
  const auto said = parse_number(label_of(image.config, label::weights_bytes), most_weights);
  if (said) result.weights = *said;
  return result;
}

std::string oci_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

}  // namespace mlpack
