#include "lib/check/loader.h"

#include <algorithm>
#include <array>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array driver_libraries{"libcuda.so.1"sv,
                                      "libcudadebugger.so.1"sv,
                                      "libnvcuvid.so.1"sv,
                                      "libnvoptix.so.1"sv,
                                      "libnvidia-"sv,
                                      "libGLX_nvidia.so.0"sv,
                                      "libEGL_nvidia.so.0"sv,
                                      "libGLESv2_nvidia.so.2"sv,
                                      "libvdpau_nvidia.so"sv,
                                      "libdxcore.so"sv};

}  // namespace

bool is_driver_library(std::string_view name) {
  return std::any_of(driver_libraries.begin(), driver_libraries.end(), [&](std::string_view known) {
    return known.ends_with('-') ? name.starts_with(known) : name == known;
  });
}

}  // namespace mlpack
