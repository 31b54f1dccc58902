#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/demands.h"
#include "lib/resolve/problem.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Which releases of one thing there were on the day that a plan is for (`Demands::as_of`). A
/// release without a date is no older than the CUDA and the PyTorch in it, nor than what has a
/// lower number.
class ReleaseDates {
 public:
  ReleaseDates(const Catalog& catalog, const Demands& demands)
      : catalog_(catalog), demands_(demands) {}

  /// Tells of a release and its date, which may be empty; of all before anything is asked.
  void add(std::string_view release, std::string_view released);
  void add(const RuntimeRelease& release);
  void add(const FrameworkRelease& release);

  /// Whether it may be chosen.
  bool is_out(std::string_view release, std::string_view released) const;
  bool is_out(const RuntimeRelease& release) const;
  bool is_out(const FrameworkRelease& release) const;

  /// Has `option` say so where nobody knows its date.
  void add_doubt(Option& option, std::string_view name, std::string_view released) const;

  /// Of what came out after that day, the first release of `name` that `takes` takes: `torch 2.9.0
  /// came out in 2025-10, after 2025-01-01`; nullopt where there is none.
  std::optional<Ruling> came_later(
      std::string_view name, const std::function<bool(std::string_view release)>& takes) const;

  /// The same as a doubt of what is taken all the same.
  std::optional<Ruling> doubt_of_later(
      std::string_view name, const std::function<bool(std::string_view release)>& takes) const;

 private:
  struct Dated {
    std::string_view release;
    std::string_view released;  // as a document has it; empty: none has
    std::string_view day;       // before which it was not out
    const CatalogRow* row;
  };
  std::vector<Dated> dated(std::string_view name) const;
  std::string_view date_of_cuda(const Version& cuda) const;
  std::string_view date_of(const RuntimeRelease& release) const;
  std::string_view date_of(const FrameworkRelease& release) const;

  const Catalog& catalog_;
  const Demands& demands_;
  std::string oldest_later_;  // release that was not out; empty: all were
};

}  // namespace mlpack
