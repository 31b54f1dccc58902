#pragma once

#include "layers/deb_stanza.h"
#include "lib/digest.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mlpack {

/// A package of a package list. The views are into the index that gave it.
struct IndexedDeb {
  std::string_view name;
  std::string_view version;
  std::string_view paragraph;  // the fields that the solver and the download need, no others
  std::size_t archive = 0;     // the number that its list was added under
};

/// The packages of several package lists (`Packages`), of each name only the highest version; where
/// two lists have it, the one added first. Holds about 30 MB for the 66,000 packages of a release;
/// lists of more than 128 MiB, 300,000 packages or 300,000 provided names are Fault::integrity.
class DebIndex {
 public:
  /// A sink for the bytes of one list; call `finish` on it after the last. `archive` is kept with
  /// its packages. Fault::integrity for a paragraph that is no package.
  ParagraphSink list(std::size_t archive);

  const IndexedDeb* find(std::string_view name) const;
  /// The packages that provide the virtual package `name`: the more important ones (`Priority`)
  /// first, then by name.
  std::vector<const IndexedDeb*> providers(std::string_view name) const;
  /// All names, unsorted.
  std::vector<std::string_view> names() const;

  /// The packages that solving for `wanted` may need, by name: those that `wanted`, their
  /// dependencies, and so on, name or are provided by. Names of `ignored` are not followed.
  std::vector<const IndexedDeb*> closure(std::span<const std::string> wanted,
                                         std::span<const std::string_view> ignored) const;

  /// As closure, but of each dependency only what apt would take where nothing else decides: the
  /// first alternative that exists, of the packages that provide it the first. Dependencies on
  /// versions and conflicts are not looked at.
  std::vector<const IndexedDeb*> first_choices(std::span<const std::string> wanted,
                                               std::span<const std::string_view> ignored) const;

 private:
  using Found = std::vector<const IndexedDeb*>;
  using Choose = std::function<Found(const std::vector<std::string_view>& alternatives)>;

  void add(std::string_view paragraph, std::size_t archive);
  std::string_view keep(std::string_view text);
  void index_provides() const;
  Found walk(std::span<const std::string> wanted,
             std::span<const std::string_view> ignored,
             const Choose& choose) const;

  std::size_t kept_ = 0;  // bytes
  std::deque<std::string> blocks_;
  std::unordered_map<std::string_view, IndexedDeb> packages_;
  mutable std::unordered_map<std::string_view, Found> provided_;
};

/// What a package says that it depends on (`Pre-Depends` and `Depends`), without the dependencies
/// that one of `ignored` would satisfy.
std::vector<std::vector<std::string_view>> needs_of(std::string_view paragraph,
                                                    std::span<const std::string_view> ignored);

}  // namespace mlpack
