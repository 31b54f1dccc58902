#pragma once

#include "cli/app.h"
#include "lib/sink.h"
#include "tests/support/fake_registry.h"
#include "tests/support/temp_dir.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace mlpack::test {

/// mlpack in a test: real files in a folder of its own, no network unless a transport is given, no
/// environment but `variables`.
class AppRun {
 public:
  struct Result {
    int code = 0;
    std::string out;
    std::string err;
  };

  AppRun();
  Result run(const std::vector<std::string>& words);
  /// Runs every line and shows it with all that it says; the folder is called DIR in it.
  std::string transcript(const std::vector<std::string>& lines);
  /// Sends every request to `net`, which must outlive this.
  void connect(FakeNet& net);

  TempDir dir;
  Stop stop;
  std::map<std::string, std::string> variables;  // HOME and MLPACK_STORE lie in `dir`
  std::function<std::unique_ptr<Transport>(const fs::path& ca)> open_transport;
};

/// The words of a command line in which no word holds a blank.
std::vector<std::string> words_of(const std::string& line);

}  // namespace mlpack::test
