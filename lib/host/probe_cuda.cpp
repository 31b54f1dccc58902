#include "lib/host/probe.h"
#include "lib/host/probe_library.h"

#include <fmt/format.h>

namespace mlpack {

void say_cuda(const std::vector<std::string>& libraries, const Say& say) {
  const ProbeLibrary library(libraries);
  if (!library) return say(R"({"outcome":"missing"})");
  int version = 0;
  if (library.call("cuDriverGetVersion", &version) == 0 && version > 0)
    say(fmt::format(R"({{"version":"{}.{}"}})", version / 1000, version % 1000 / 10));
  int count = 0;
  int code = library.call("cuInit", 0U);
  if (code == 0) code = library.call("cuDeviceGetCount", &count);
  say(code == 0 ? fmt::format(R"({{"outcome":"answered","count":{}}})", count)
                : fmt::format(R"({{"outcome":"failed","code":{}}})", code));
}

}  // namespace mlpack
