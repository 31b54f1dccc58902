#pragma once

#include "lib/catalog/catalog.h"
#include "lib/resolve/demands.h"
#include "lib/resolve/problem.h"

#include <string>
#include <string_view>

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

 private:
  std::string_view date_of_cuda(const Version& cuda) const;
  std::string_view date_of(const RuntimeRelease& release) const;
  std::string_view date_of(const FrameworkRelease& release) const;

  const Catalog& catalog_;
  const Demands& demands_;
  std::string oldest_later_;  // release that was not out; empty: all were
};

}  // namespace mlpack
