#pragma once

#include "lib/digest.h"
#include "lib/file.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// Text by kind and digest, in a SQLite file that several processes and threads share. It never
/// throws and never stops work: what cannot be read was never there, what cannot be written is
/// forgotten. A file that is damaged or of another version is copied to `PATH.damaged`, emptied in
/// place (others may have it open) and warned about.
class Memo {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// `read` writes nothing: where there is no file, or it is no memo of this version, nothing is
  /// remembered, and nobody is warned.
  enum class Use { write, read };

  Memo(fs::path path, Warn warn, Use use = Use::write);
  ~Memo();
  Memo(const Memo&) = delete;
  Memo& operator=(const Memo&) = delete;

  std::optional<std::string> get(std::string_view kind, const Digest& key);
  /// Replaces what was there.
  void put(std::string_view kind, const Digest& key, std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlpack
