#include "lib/host/probe.h"
#include "lib/host/probe_library.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstring>

namespace mlpack {
namespace {

// NVML's own declarations, of the functions that are called here: their names end in the version of
// their binary interface.
using NvmlDevice = void*;
using NvmlJson = nlohmann::ordered_json;

struct NvmlPci {
  char short_id[16];
  unsigned domain, bus, device, device_id, subsystem_id;
  char id[32];
};
struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlFabric {
  unsigned char cluster[16];
  int status;
  unsigned clique;
  unsigned char state;
};

constexpr unsigned most_gpus = 256;
constexpr unsigned most_slices = 16;
constexpr unsigned most_nvlinks = 18;
constexpr unsigned recovery_counter = 1;
constexpr int gpu_is_lost = 15;
constexpr int reset_required = 16;

class NvmlGpuReader {
 public:
  NvmlGpuReader(const ProbeLibrary& library, NvmlDevice device)
      : library_(library), device_(device) {}

  NvmlJson read() {
    name();
    place();
    memory();
    slices();
    number("computeMode", "nvmlDeviceGetComputeMode");
    number("persistence", "nvmlDeviceGetPersistenceMode");
    pair("nvmlDeviceGetEccMode", "ecc", "eccPending");
    errors();
    number("retirePending", "nvmlDeviceGetRetiredPagesPendingStatus");
    fabric();
    links();
    number("replays", "nvmlDeviceGetPcieReplayCounter");
    condition();
    return std::move(json_);
  }

 private:
  template <class... Args>
  bool call(const char* function, Args... args) {
    const int code = library_.call(function, device_, args...);
    if (code == gpu_is_lost || code == reset_required) json_["code"] = code;
    return code == 0;
  }

  void number(const char* key, const char* function) {
    unsigned value = 0;
    if (call(function, &value)) json_[key] = value;
  }

  void pair(const char* function, const char* key, const char* other) {
    unsigned value = 0;
    unsigned pending = 0;
    if (!call(function, &value, &pending)) return;
    json_[key] = value;
    json_[other] = pending;
  }

  void name() {
    std::array<char, 97> text{};
    if (call("nvmlDeviceGetName", text.data(), unsigned{96})) json_["name"] = text.data();
  }

  void place() {
    NvmlPci pci{};
    if (call("nvmlDeviceGetPciInfo_v3", &pci)) {
      json_["address"] = fmt::format("{:04x}:{:02x}:{:02x}.0", pci.domain, pci.bus, pci.device);
    }
    int major = 0;
    int minor = 0;
    if (call("nvmlDeviceGetCudaComputeCapability", &major, &minor))
      json_["capability"] = fmt::format("{}.{}", major, minor);
  }

  void memory() {
    NvmlMemory memory{};
    if (!call("nvmlDeviceGetMemoryInfo", &memory)) return;
    json_["memory"] = memory.total;
    json_["memoryFree"] = memory.free;
  }

  void slices() {
    pair("nvmlDeviceGetMigMode", "mig", "migPending");
    if (json_.value("mig", 0U) == 0) return;
    json_["slices"] = NvmlJson::array();
    for (unsigned i = 0; i < most_slices; ++i) {
      NvmlDevice slice = nullptr;
      std::array<char, 97> text{};
      if (!call("nvmlDeviceGetMigDeviceHandleByIndex", i, &slice)) continue;
      if (library_.call("nvmlDeviceGetName", slice, text.data(), unsigned{96}) == 0)
        json_["slices"].push_back(text.data());
    }
  }

  void errors() {
    unsigned long long count = 0;
    const unsigned uncorrected = 1;
    const unsigned since_loaded = 0;
    if (call("nvmlDeviceGetTotalEccErrors", uncorrected, since_loaded, &count))
      json_["eccErrors"] = count;
    unsigned corrected = 0;
    unsigned lost = 0;
    unsigned pending = 0;
    unsigned failed = 0;
    if (!call("nvmlDeviceGetRemappedRows", &corrected, &lost, &pending, &failed)) return;
    json_["remapPending"] = pending;
    json_["remapFailed"] = failed;
  }

  void fabric() {
    NvmlFabric fabric{};
    if (!call("nvmlDeviceGetGpuFabricInfo", &fabric)) return;
    json_["fabric"] = unsigned{fabric.state};
    json_["fabricCode"] = static_cast<unsigned>(fabric.status);
  }

  void links() {
    unsigned up = 0;
    unsigned down = 0;
    unsigned long long recoveries = 0;
    for (unsigned link = 0; link < most_nvlinks; ++link) {
      unsigned is_active = 0;
      if (!call("nvmlDeviceGetNvLinkState", link, &is_active)) continue;
      (is_active != 0 ? up : down) += 1;
      unsigned long long count = 0;
      if (is_active != 0 && call("nvmlDeviceGetNvLinkErrorCounter", link, recovery_counter, &count))
        recoveries += count;
    }
    if (up + down == 0) return;
    json_["linksUp"] = up;
    json_["linksDown"] = down;
    json_["linkRecoveries"] = recoveries;
  }

  void condition() {
    unsigned long long reasons = 0;
    if (call("nvmlDeviceGetCurrentClocksEventReasons", &reasons) ||
        call("nvmlDeviceGetCurrentClocksThrottleReasons", &reasons)) {
      json_["throttling"] = reasons;
    }
    unsigned temperature = 0;
    const unsigned of_gpu = 0;
    if (call("nvmlDeviceGetTemperature", of_gpu, &temperature)) json_["temperature"] = temperature;
  }

  const ProbeLibrary& library_;
  NvmlDevice device_;
  NvmlJson json_ = NvmlJson::object();
};

std::string line_of(const NvmlJson& json) {
  return json.dump(-1, ' ', false, NvmlJson::error_handler_t::replace);
}

void say_versions(const ProbeLibrary& library, const Say& say) {
  NvmlJson json = NvmlJson::object();
  std::array<char, 81> text{};
  if (library.call("nvmlSystemGetDriverVersion", text.data(), unsigned{80}) == 0)
    json["driver"] = text.data();
  int cuda = 0;
  if (library.call("nvmlSystemGetCudaDriverVersion_v2", &cuda) == 0)
    json["cuda"] = fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
  say(line_of(json));
}

}  // namespace

void say_nvml(const std::vector<std::string>& libraries, const Say& say) {
  const ProbeLibrary library(libraries);
  if (!library) return say(line_of({{"outcome", "missing"}}));
  if (const int code = library.call("nvmlInit_v2"); code != 0) {
    return say(line_of({{"outcome", "failed"}, {"code", code}}));
  }
  say_versions(library, say);
  unsigned count = 0;
  if (const int code = library.call("nvmlDeviceGetCount_v2", &count); code != 0) {
    return say(line_of({{"outcome", "failed"}, {"code", code}}));
  }
  for (unsigned i = 0; i < count && i < most_gpus; ++i) {
    NvmlDevice device = nullptr;
    const int code = library.call("nvmlDeviceGetHandleByIndex_v2", i, &device);
    NvmlJson json{{"gpu", i}};
    json.update(code == 0 ? NvmlGpuReader(library, device).read() : NvmlJson{{"code", code}});
    say(line_of(json));
  }
  say(line_of({{"outcome", "answered"}}));
  library.call("nvmlShutdown");
}

}  // namespace mlpack
