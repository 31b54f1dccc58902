#pragma once

#include "lib/catalog/runtimes.h"
#include "lib/oci/config.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// The server that an image starts, as far as its words tell.
struct StartedServer {
  std::vector<std::string> words;           // entrypoint and command
  std::string program;                      // `uvicorn`: its name, or the module that Python runs
  const ServingRuntime* runtime = nullptr;  // nullptr: no runtime of the catalog starts like that

  /// The value of the last of `flags`, `--flag value` or `--flag=value`; dashes and underscores are
  /// the same.
  std::optional<std::string> value_of(std::span<const std::string_view> flags) const;
  /// Whether `flag`, written with dashes, is there, with a value or without.
  bool says(std::string_view flag) const;
};
StartedServer started_server(const ImageConfig& config);

/// `127.0.0.1`, `localhost:8000`, `[::1]:80`, `http://localhost`: what is reached from the inside
/// of a container alone.
bool is_loopback(std::string_view address);

/// The port at the end of `0.0.0.0:8000`, or of a number alone; nullopt where there is none.
std::optional<unsigned> port_in(std::string_view address);

}  // namespace mlpack
