#pragma once

#include "lib/host/host_facts.h"

namespace mlpack {

/// Everything there is to know of a machine. The libraries of its driver are asked where it is this
/// one and the driver is loaded; of a captured tree nvml.json has their answers. Fault::input where
/// that or host.json is malformed.
HostFacts gather_host(const Host& host, const ProbeSettings& probe = {});

// Its parts.
std::vector<PciDevice> gather_pci(const Host& host);
DriverFacts gather_driver(const Host& host);
SystemFacts gather_system(const Host& host);
ContainerFacts gather_containers(const Host& host);

/// Folders in which the driver's libraries and the container toolkit's programs are looked for.
std::vector<std::string> library_folders(const Host& host);
std::vector<std::string> program_folders();

}  // namespace mlpack
