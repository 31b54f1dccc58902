#pragma once

#include "lib/catalog/version.h"
#include "lib/resolve/rules.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace mlpack {

/// A ruling that many things rest on; never empty.
class SharedRuling {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): vetoes are written with rulings.
  SharedRuling(Ruling ruling) : ruling_(std::make_shared<const Ruling>(std::move(ruling))) {}
  SharedRuling(Verdict verdict, std::string reason, std::vector<const CatalogRow*> evidence)
      : SharedRuling(Ruling{verdict, std::move(reason), std::move(evidence)}) {}

  const Ruling& operator*() const { return *ruling_; }
  const Ruling* operator->() const { return ruling_.get(); }

 private:
  std::shared_ptr<const Ruling> ruling_;
};

/// What rules say of one catalog, by what they were asked: many builds and machines ask the same.
/// Not for several threads.
class Rulings {
 public:
  /// A rule and what it is asked about, each with its own place.
  class Asked {
   public:
    explicit Asked(std::string_view rule) {
      text_.reserve(usual_size);
      text_ = rule;
    }
    Asked& about(std::string_view fact) {
      text_.append(1, separator).append(fact);
      return *this;
    }
    const std::string& text() const { return text_; }

   private:
    static constexpr char separator = '\0';
    static constexpr std::size_t usual_size = 64;
    std::string text_;
  };

  /// What `rule()` says, or said when it was asked before.
  template <typename Rule>
  const SharedRuling& get(const Asked& asked, const Rule& rule) {
    const auto known = rulings_.find(asked.text());
    if (known != rulings_.end()) return known->second;
    return rulings_.emplace(asked.text(), rule()).first->second;
  }

 private:
  std::unordered_map<std::string, SharedRuling> rulings_;
};

/// What a rule says of GPUs by their compute capability, asked once for each.
template <typename Rule>
class ByCapability {
 public:
  explicit ByCapability(Rule rule) : rule_(std::move(rule)) {}
  const SharedRuling& of(const Version& capability) {
    const auto known = rulings_.find(capability);
    if (known != rulings_.end()) return known->second;
    return rulings_.emplace(capability, rule_(capability)).first->second;
  }

 private:
  Rule rule_;
  std::map<Version, SharedRuling> rulings_;
};

}  // namespace mlpack
