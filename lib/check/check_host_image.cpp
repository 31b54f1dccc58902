#include "lib/check/host_image.h"
#include "lib/resolve/rules_driver.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace mlpack {
namespace {

using Level = Finding::Level;

class ImageGpuCheck {
 public:
  ImageGpuCheck(const Catalog& catalog,
                const HostImage& image,
                const std::vector<HostGpus>& gpus,
                const std::optional<Version>& driver)
      : catalog_(catalog),
        image_(image),
        gpus_(gpus),
        needs_(needs_of(image.config)),
        machines_(catalog, gpus, driver) {}

  Findings run() {
    for (const std::string& name : machines_.unknown()) {
      findings_
          .add("image-gpu-unknown",
               Level::info,
               fmt::format("nothing is known of the GPU `{}`", printable(name)),
               "whether the image runs on it was not decided",
               {"give a row for it with `--catalog`"})
          .is_unknown = true;
    }
    check_gpus();
    check_weights();
    Findings all = findings_.take();
    Findings others = image_.files != nullptr ? check_files() : check_labels();
    std::move(others.begin(), others.end(), std::back_inserter(all));
    return all;
  }

 private:
  unsigned total() const {
    unsigned count = 0;
    for (const HostGpus& each : gpus_)
      count += each.count;
    return count;
  }

  // The image says what it was made for.
  void check_gpus() {
    if (needs_.gpus.empty() || gpus_.empty()) return;
    unsigned least = needs_.gpus.front().count;
    bool is_listed = false;
    for (const ImageNeeds::Gpus& wanted : needs_.gpus) {
      const auto match = catalog_.find_gpu(wanted.name);
      for (const HostGpus& each : gpus_) {
        if (!match || each.gpu != match->gpu) continue;
        if (each.count >= wanted.count) return;
        is_listed = true;
      }
      least = std::min(least, wanted.count);
    }
    if (total() < least || is_listed) {
      findings_.add("image-gpu-count",
                    Level::error,
                    fmt::format("the image wants {}, and there {} {} here",
                                wanted_text(),
                                total() == 1 ? "is" : "are",
                                total()),
                    "its server splits the model over that many",
                    {"use a host with more, or build the image for fewer"});
      return;
    }
    findings_.add(
        "image-other-gpu",
        Level::warning,
        fmt::format(
            "the image was made for {}, not for {}", wanted_text(), printable(gpus_.front().name)),
        "whether its model fits into another one's memory was not computed",
        {"build it with this GPU in its fleet"});
  }

  std::string wanted_text() const {
    std::vector<std::string> texts;
    for (const ImageNeeds::Gpus& wanted : needs_.gpus)
      texts.push_back(fmt::format("{} x {}", wanted.count, printable(wanted.name)));
    return join(texts, " or ");
  }

  void check_weights() {
    std::uint64_t memory = 0;
    for (const HostGpus& each : gpus_) {
      if (each.memory == 0) return;
      memory += each.memory * each.count;
    }
    if (!needs_.gpu || memory == 0 || image_.weights <= memory) return;
    findings_.add(
        "image-weights-large",
        Level::warning,
        fmt::format(
            "the weights have {}, the GPUs {}", human_size(image_.weights), human_size(memory)),
        "they do not fit unless the server keeps some elsewhere",
        {"use larger or more GPUs, or a quantised model"});
  }

  CheckInput input(const ImageFiles& files) const {
    std::vector<CheckMachine> fleet = machines_.machines();
    if (fleet.empty() && gpus_.empty()) fleet.emplace_back();
    return {catalog_, image_.config, files, fleet};
  }

  // What is dangerous in an image is check's to tell.
  Findings check_files() const {
    Findings found = check_image(input(*image_.files));
    std::erase_if(found, [](const Finding& finding) {
      return finding.kind == Finding::Kind::safety || finding.id == "fleet-unknown" ||
             finding.id == "machine-other-processor";
    });
    return found;
  }

  Findings check_labels() {
    const ImageFiles none;
    Findings found = check_requirements(input(none));
    std::move(found.begin(), found.end(), std::back_inserter(all_));
    if (!needs_.cuda && needs_.gpu && all_.empty() && !has_requirement()) {
      HostFindings notes;
      notes
          .add("image-not-read",
               Level::info,
               "the image does not say what it needs",
               "it has no label of mlpack's and no NVIDIA_REQUIRE_CUDA, and its layers are "
               "elsewhere",
               {"pull it, so that its files are read: `mlpack pull`"})
          .is_unknown = true;
      return notes.take();
    }
    for (const CheckMachine& machine : machines_.machines())
      check_driver(machine);
    return std::move(all_);
  }

  bool has_requirement() const {
    return image_.config.env_value("NVIDIA_REQUIRE_CUDA").has_value() ||
           image_.config.env_value("CUDA_VERSION").has_value();
  }

  void check_driver(const CheckMachine& machine) {
    if (!machine.driver || !needs_.cuda) return;
    const bool is_older = needs_.driver && is_older_driver(*machine.driver, *needs_.driver) == true;
    const Ruling ruling =
        driver_runs_cuda(catalog_, *needs_.cuda, *machine.driver, *machine.gpu, CompatInImage::no);
    if (ruling.verdict == Verdict::yes || (!is_older && needs_.driver)) return;
    HostFindings found;
    const bool is_no = ruling.verdict == Verdict::no || is_older;
    found
        .add("image-driver-too-old",
             is_no ? Level::error : Level::info,
             fmt::format("CUDA {} of the image {} on {} with driver {}",
                         needs_.cuda->text(),
                         is_no ? "does not run" : "is not known to run",
                         machine.gpu->name,
                         machine.driver->text()),
             needs_.driver ? fmt::format("the image says that it needs driver {} or newer",
                                         needs_.driver->text())
                           : ruling.reason,
             {"use a newer driver, or an image for an older CUDA"})
        .is_unknown = !is_no;
    Findings taken = found.take();
    std::move(taken.begin(), taken.end(), std::back_inserter(all_));
  }

  const Catalog& catalog_;
  const HostImage& image_;
  const std::vector<HostGpus>& gpus_;
  ImageNeeds needs_;
  HostMachines machines_;
  HostFindings findings_;
  Findings all_;
};

void check_platform(const HostInput& input, const HostImage& image, HostFindings& findings) {
  const std::string here = oci_architecture(input.facts.measured.machine);
  const std::string& there = image.config.platform.architecture;
  if (here.empty() || there.empty() || here == there) return;
  findings.add("image-other-platform",
               Level::error,
               fmt::format("the image is for {}, and this host is {}", printable(there), here),
               "its programs do not start on another processor",
               {"build it for this platform, too, with `platform` in its spec"});
}

void check_room(const HostInput& input, const HostImage& image, HostFindings& findings) {
  const auto& disks = input.facts.measured.disks;
  // Weights are packed seldom; of everything else nobody knows what it is unpacked.
  const std::uint64_t unpacked = std::max(image.size, image.weights);
  if (disks.empty() || disks.front().free >= image.size + unpacked) return;
  const DiskSpace& disk = disks.front();
  const bool is_full = disk.free < unpacked;
  findings.add("image-disk",
               is_full ? Level::error : Level::warning,
               fmt::format("the image has {}, and {} has {} free",
                           human_size(unpacked),
                           printable(disk.path),
                           human_size(disk.free)),
               is_full ? "it cannot be pulled" : "packed and unpacked it may take twice its size",
               {"free some, or move the engine's storage"});
}

void check_resources(const HostInput& input, const HostImage& image, HostFindings& findings) {
  const ImageNeeds needs = needs_of(image.config);
  const auto& memory = input.facts.system.memory;
  if (needs.memory && memory && *memory < *needs.memory) {
    findings.add("image-memory",
                 Level::error,
                 fmt::format("the image wants {} of memory, and this host has {}",
                             human_size(*needs.memory),
                             human_size(*memory)),
                 "its server would be ended by the kernel",
                 {"use a larger host, or correct `resources` in the spec"});
  }
  const unsigned processors = input.facts.system.processors;
  if (needs.processors && processors != 0 && *needs.processors > processors) {
    findings.add(
        "image-processors",
        Level::warning,
        fmt::format(
            "the image wants {} processors, and this host has {}", *needs.processors, processors),
        "Kubernetes does not start it here; elsewhere it is slow",
        {"use a larger host, or correct `resources` in the spec"});
  }
  if (needs.shared_memory) {
    findings.add(
        "image-shared-memory",
        Level::info,
        fmt::format("the image wants {} of shared memory", human_size(*needs.shared_memory)),
        "a container has 64 MiB unless told otherwise",
        {fmt::format("start it with `--shm-size={}m`, or an emptyDir of memory",
                     *needs.shared_memory >> 20U)});
  }
}

}  // namespace

Findings check_image_gpus(const Catalog& catalog,
                          const HostImage& image,
                          const std::vector<HostGpus>& gpus,
                          const std::optional<Version>& driver) {
  return ImageGpuCheck(catalog, image, gpus, driver).run();
}

Findings check_host_image(const HostInput& input, const HostImage& image) {
  HostFindings findings;
  check_platform(input, image, findings);
  check_room(input, image, findings);
  check_resources(input, image, findings);
  Findings all = findings.take();
  const std::vector<HostGpus> gpus = input.wanted == HostInput::Wanted::gpu
                                         ? gpus_of(input.catalog, input.facts)
                                         : std::vector<HostGpus>();
  Findings others = check_image_gpus(input.catalog, image, gpus, input.facts.driver_version());
  std::move(others.begin(), others.end(), std::back_inserter(all));
  return all;
}

}  // namespace mlpack
