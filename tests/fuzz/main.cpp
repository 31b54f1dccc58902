#include "lib/digest.h"
#include "lib/error.h"
#include "lib/file.h"
#define DOCTEST_CONFIG_IMPLEMENT  // the makers of test data check what they make
#include "tests/fuzz/fuzz.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using mlpack::fuzz::Target;

const Target* chosen = nullptr;

const Target* find_target(std::string_view name) {
  for (const auto targets : {mlpack::fuzz::image_targets(),
                             mlpack::fuzz::file_targets(),
                             mlpack::fuzz::registry_targets(),
                             mlpack::fuzz::text_targets()}) {
    for (const Target& target : targets) {
      if (target.name == name) return &target;
    }
  }
  return nullptr;
}

void write_seeds(const Target& target, const mlpack::fs::path& corpus) {
  mlpack::make_folders(corpus);
  for (const std::string& seed : target.seeds())
    mlpack::write_file(corpus / mlpack::Digest::of(seed).hex(), seed);
}

}  // namespace

namespace mlpack::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace mlpack::fuzz

/// usage: mlpack_fuzz TARGET CORPUS [LIBFUZZER-OPTION...]
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  chosen = *argc > 2 ? find_target((*argv)[1]) : nullptr;
  if (chosen == nullptr) {
    std::fputs("usage: mlpack_fuzz TARGET CORPUS [LIBFUZZER-OPTION...]\n", stderr);
    std::exit(2);
  }
  write_seeds(*chosen, (*argv)[2]);
  (*argv)[1] = (*argv)[0];  // libFuzzer is not told of the target
  ++*argv;
  --*argc;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    chosen->read({reinterpret_cast<const char*>(data), size});
  } catch (const mlpack::Error& error) {
    using enum mlpack::Fault;
    mlpack::fuzz::require(error.fault() != internal, error.what());
  }
  return 0;
}
