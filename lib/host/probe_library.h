#pragma once

#include <dlfcn.h>

#include <string>
#include <vector>

namespace mlpack {

/// A library of the driver, for a child that asks it: never closed, it may have threads.
class ProbeLibrary {
 public:
  /// The first of `names` that can be opened.
  explicit ProbeLibrary(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      handle_ = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle_ != nullptr) return;
    }
  }
  explicit operator bool() const { return handle_ != nullptr; }

  /// nullptr: this version of the library has no such function.
  template <class... Args>
  auto find(const char* name) const -> int (*)(Args...) {
    return handle_ == nullptr ? nullptr
                              : reinterpret_cast<int (*)(Args...)>(::dlsym(handle_, name));
  }
  /// What `name` returns; `absent` where there is no such function.
  template <class... Args>
  int call(const char* name, Args... args) const {
    const auto function = find<Args...>(name);
    return function == nullptr ? absent : function(args...);
  }

  static constexpr int absent = 999;  // NVML and CUDA have it for "unknown"

 private:
  void* handle_ = nullptr;
};

}  // namespace mlpack
