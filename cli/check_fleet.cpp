#include "cli/check.h"
#include "cli/streams.h"
#include "lib/spec/spec.h"
#include "lib/text.h"

#include <fmt/format.h>

namespace mlpack {
namespace {

constexpr std::uint64_t most_gpus = 1024;
constexpr std::uint64_t most_spec_bytes = std::uint64_t{1} << 20;

const Gpu& gpu_called(const std::string& name, const Catalog& catalog) {
  if (const auto match = catalog.find_gpu(name)) return *match->gpu;
  const auto near = catalog.near_gpus(name, 3);
  throw Error(Fault::usage,
              fmt::format("the catalog has no GPU `{}`", printable(name)),
              near.empty() ? "`mlpack catalog gpus` lists them"
                           : fmt::format("did you mean `{}`?", join(near, "`, `")));
}

Version driver_version(const std::string& text) {
  const auto version = Version::parse(text);
  if (version && version->size() <= 3) return *version;
  throw Error(Fault::usage,
              fmt::format("`{}` is no version of a driver", printable(text)),
              "`nvidia-smi` prints it, such as 550.90.07");
}

// `L4`, `H100:2` or `cpu`.
CheckMachine machine_called(const std::string& text, const Catalog& catalog) {
  CheckMachine machine;
  if (text == "cpu") return machine;
  const std::size_t colon = text.rfind(':');
  machine.gpu = &gpu_called(text.substr(0, colon), catalog);
  if (colon == std::string::npos) return machine;
  const std::uint64_t count = parse_number(text.substr(colon + 1), most_gpus).value_or(0);
  if (count == 0) {
    throw Error(Fault::usage,
                fmt::format("`{}` does not say how many GPUs there are", printable(text)),
                "write `NAME`, or `NAME:2` for two in a container");
  }
  machine.count = static_cast<unsigned>(count);
  return machine;
}

CheckMachine machine_of(const FleetRow& row, const Catalog& catalog) {
  CheckMachine machine;
  if (row.is_cpu()) return machine;
  machine.gpu = &gpu_called(row.gpu, catalog);
  machine.count = row.count;
  if (!row.driver.empty()) machine.driver = driver_version(row.driver);
  return machine;
}

}  // namespace

std::vector<CheckMachine> check_fleet(const Spec& spec, const Catalog& catalog) {
  std::vector<CheckMachine> machines;
  for (const auto& row : spec.fleet)
    machines.push_back(machine_of(row.value, catalog));
  return machines;
}

std::vector<CheckMachine> check_fleet(const CheckOptions& options,
                                      const Catalog& catalog,
                                      const Stop& stop) {
  std::vector<CheckMachine> machines;
  if (!options.fleet.empty()) {
    const SpecOptions reading{{}, {}, {}, &catalog};
    const Spec spec =
        is_given_once(options.fleet)
            ? parse_spec(read_given(options.fleet, most_spec_bytes, stop), options.fleet, reading)
            : load_spec(options.fleet, reading);
    if (spec.fleet.empty()) {
      throw Error(Fault::usage,
                  fmt::format("`{}` names no `fleet`", printable(options.fleet)),
                  "add one to it, or name the GPUs with `--gpu`");
    }
    machines = check_fleet(spec, catalog);
  }
  for (const std::string& text : options.gpus)
    machines.push_back(machine_called(text, catalog));
  if (options.driver.empty()) return machines;
  const Version driver = driver_version(options.driver);
  if (machines.empty()) {
    fail(Fault::usage,
         "`--driver` is the driver of machines, and none is named with `--gpu` or `--fleet`");
  }
  for (CheckMachine& machine : machines)
    if (machine.gpu != nullptr && !machine.driver) machine.driver = driver;
  return machines;
}

}  // namespace mlpack
