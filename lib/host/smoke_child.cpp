#include "lib/host/probe_library.h"
#include "lib/host/smoke.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>

namespace mlpack {
namespace {

// CUDA's own declarations, of what is called here.
using CudaPointer = unsigned long long;
using CudaHandle = void*;
using SmokeClock = std::chrono::steady_clock;

constexpr std::size_t copy_bytes = std::size_t{512} << 20U;
constexpr unsigned matrix_rows = 4096;
constexpr unsigned compare_step = 97;  // of the entries, one in so many is computed again
constexpr double seconds_each = 0.5;
constexpr int clock_attribute = 13;  // kHz
constexpr int multiprocessors_attribute = 16;
constexpr int major_attribute = 75;
constexpr int minor_attribute = 76;

// Multiply-adds of 32-bit numbers that a multiprocessor starts in a cycle (CUDA Programming Guide,
// arithmetic instructions).
unsigned lanes_of(int major, int minor) {
  if (major == 7 || (major == 8 && minor == 0)) return 64;
  return major >= 8 ? 128 : 0;
}

struct Grid {
  unsigned x = 1;
  unsigned y = 1;
};

// A call that failed ends the run.
struct FailedCall {
  std::string name;
  int code;
};

class SmokeRun {
 public:
  SmokeRun(const ProbeLibrary& library, unsigned index) : library_(library), index_(index) {}

  nlohmann::ordered_json run() {
    nlohmann::ordered_json json{{"outcome", "answered"}};
    try {
      open(json);
      json["copied"] = copy_rate();
      multiply(json);
    } catch (const FailedCall& failed) {
      json["outcome"] = "failed";
      json["call"] = failed.name;
      json["code"] = failed.code;
    }
    return json;
  }

 private:
  template <class... Args>
  void call(const char* name, Args... args) {
    const int code = library_.call(name, args...);
    if (code != 0) throw FailedCall{name, code};
  }

  int attribute(int number) {
    int value = 0;
    call("cuDeviceGetAttribute", &value, number, device_);
    return value;
  }

  void open(nlohmann::ordered_json& json) {
    call("cuInit", 0U);
    call("cuDeviceGet", &device_, static_cast<int>(index_));
    std::array<char, 129> name{};
    call("cuDeviceGetName", name.data(), 128, device_);
    json["name"] = name.data();
    const unsigned lanes = lanes_of(attribute(major_attribute), attribute(minor_attribute));
    json["peak"] = 2e3 * lanes * attribute(clock_attribute) * attribute(multiprocessors_attribute);
    CudaHandle context = nullptr;
    call("cuDevicePrimaryCtxRetain", &context, device_);
    call("cuCtxSetCurrent", context);
    load(json);
  }

  // Without a compiler's work where it can be; the text is for GPUs that are newer or older.
  void load(nlohmann::ordered_json& json) {
    const void* const binary = smoke_fatbin().data();
    const bool is_there = !smoke_fatbin().empty();
    if (is_there && library_.call("cuModuleLoadData", &module_, binary) == 0) {
      json["kernels"] = "binary";
      return;
    }
    json["kernels"] = "ptx";
    call("cuModuleLoadData", &module_, static_cast<const void*>(smoke_ptx()));
  }

  CudaPointer allocate(std::size_t bytes) {
    CudaPointer pointer = 0;
    call("cuMemAlloc_v2", &pointer, bytes);
    return pointer;
  }

  template <class... Args>
  void launch(const char* name, Grid grid, unsigned threads, Args... args) {
    CudaHandle function = nullptr;
    call("cuModuleGetFunction", &function, module_, name);
    std::array<void*, sizeof...(args)> places{&args...};
    const CudaHandle stream = nullptr;
    void** const extra = nullptr;
    call("cuLaunchKernel",
         function,
         grid.x,
         grid.y,
         1U,
         threads,
         1U,
         1U,
         0U,
         stream,
         places.data(),
         extra);
  }

  // How often a second `work` gets done; once before, for what is made at first use.
  template <class Work>
  double rate_of(const Work& work) {
    work();
    call("cuCtxSynchronize");
    const auto begin = SmokeClock::now();
    double seconds = 0;
    unsigned count = 0;
    while (seconds < seconds_each) {
      for (int i = 0; i < 4; ++i, ++count)
        work();
      call("cuCtxSynchronize");
      seconds = std::chrono::duration<double>(SmokeClock::now() - begin).count();
    }
    return count / seconds;
  }

  double copy_rate() {
    const CudaPointer from = allocate(copy_bytes);
    const CudaPointer to = allocate(copy_bytes);
    call("cuMemsetD8_v2", from, static_cast<unsigned char>(1), copy_bytes);
    const CudaPointer count = copy_bytes / 16;
    const double rate = rate_of([&] { launch("mlpack_copy", Grid{4096}, 256U, to, from, count); });
    call("cuMemFree_v2", from);
    call("cuMemFree_v2", to);
    return rate * 2 * static_cast<double>(copy_bytes);
  }

  void multiply(nlohmann::ordered_json& json) {
    const unsigned count = matrix_rows * matrix_rows;
    const std::size_t bytes = std::size_t{count} * sizeof(float);
    const CudaPointer a = allocate(bytes);
    const CudaPointer b = allocate(bytes);
    const CudaPointer c = allocate(bytes);
    launch("mlpack_fill", Grid{count / 256}, 256U, a, count, 2654435761U);
    launch("mlpack_fill", Grid{count / 256}, 256U, b, count, 2246822519U);
    const Grid grid{matrix_rows / 128, matrix_rows / 128};
    const double rate =
        rate_of([&] { launch("mlpack_product", grid, 256U, c, a, b, matrix_rows); });
    json["product"] = rate * 2 * matrix_rows * static_cast<double>(count);
    const CudaPointer wrong = allocate(sizeof(unsigned));
    call("cuMemsetD8_v2", wrong, static_cast<unsigned char>(0), sizeof(unsigned));
    const unsigned compared = (count + compare_step - 1) / compare_step;
    launch("mlpack_compare",
           Grid{(compared + 255) / 256},
           256U,
           wrong,
           c,
           a,
           b,
           matrix_rows,
           compare_step);
    unsigned found = 0;
    call("cuMemcpyDtoH_v2", static_cast<void*>(&found), wrong, sizeof(found));
    json["wrong"] = found;
    json["compared"] = compared;
  }

  const ProbeLibrary& library_;
  unsigned index_;
  int device_ = 0;
  CudaHandle module_ = nullptr;
};

}  // namespace

void say_run(const std::vector<std::string>& libraries, unsigned index, const Say& say) {
  const ProbeLibrary library(libraries);
  if (!library) return say(R"({"outcome":"missing"})");
  say(SmokeRun(library, index)
          .run()
          .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace mlpack
