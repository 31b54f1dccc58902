#include "lib/check/host.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

using Level = Finding::Level;

constexpr std::uint64_t gib = std::uint64_t{1} << 30U;
constexpr std::uint64_t little_disk = 10 * gib;
constexpr std::uint64_t little_shared_memory = gib;
constexpr std::uint64_t little_locked = 64 * (gib >> 10U);

}  // namespace

Findings check_host_limits(const HostInput& input) {
  HostFindings findings;
  const HostFacts& facts = input.facts;
  const bool wants_gpu = input.wanted == HostInput::Wanted::gpu && facts.has_gpu();
  if (!facts.measured.disks.empty() && facts.measured.disks.front().free < little_disk) {
    const DiskSpace& disk = facts.measured.disks.front();
    findings.add("disk-small",
                 Level::warning,
                 fmt::format("{} has {} free", printable(disk.path), human_size(disk.free)),
                 "images of models take more, packed and unpacked",
                 {"free some, or move the engine's storage"});
  }
  const auto shared = facts.measured.shared_memory;
  if (wants_gpu && gpus_of(input.catalog, facts).size() > 0 && shared &&
      *shared < little_shared_memory) {
    findings.add("shared-memory-small",
                 Level::info,
                 fmt::format("/dev/shm has {}", human_size(*shared)),
                 "NCCL and loaders of data want more; a container has its own, of 64 MiB unless "
                 "told otherwise",
                 {"give containers more with `--shm-size` or an emptyDir of memory"});
  }
  const auto limit = facts.system.lock_limit;
  if (wants_gpu && facts.system.has_rdma && limit && *limit < little_locked) {
    findings.add("locked-memory-small",
                 Level::warning,
                 fmt::format("{} of memory may be locked", human_size(*limit)),
                 "RDMA locks its buffers: NCCL over InfiniBand fails",
                 {"raise `memlock` (LimitMEMLOCK of the engine's unit, `--ulimit memlock=-1`)"});
  }
  if (wants_gpu && facts.system.kind == SystemFacts::Kind::jetson) {
    findings.add("jetson",
                 Level::info,
                 "this is a Jetson board",
                 "images have to be for arm64 and its release of L4T; those for servers with "
                 "arm64 do not run on older boards",
                 {"look for images made for Jetson"});
  }
  return findings.take();
}

}  // namespace mlpack
