#pragma once

#include "lib/catalog/registries.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// How a registry takes blobs, as far as is known: from its row in the catalog, from what it
/// refused, and from what it refused before (`text`, `remembered`).
class UploadRules {
 public:
  /// What is known of `host` before it was asked anything.
  static UploadRules of(const std::string& host);

  /// The form for a blob of `size` bytes; nullopt where none is left.
  std::optional<UploadForm> form_for(std::uint64_t size) const;
  bool takes(UploadForm form, std::uint64_t size) const;
  /// The form to take in turn after `form`; `form` where there is no other.
  UploadForm after(UploadForm form, std::uint64_t size) const;
  /// The registry does not take bodies of `size` bytes in `form`; with 0, none.
  void refuse(UploadForm form, std::uint64_t size);

  /// Most bytes of a PATCH of `chunks`.
  std::uint64_t chunk() const { return chunk_; }
  /// Chunks must be smaller than `sent` bytes; false where they are as small as they get.
  bool shrink_chunk(std::uint64_t sent);
  /// What its answers to PATCH say that it has is not what it has.
  void distrust_ranges();
  bool believes_ranges() const { return ranges_ == UploadRanges::exact; }

  /// The forms that are tried, in their order.
  std::vector<UploadForm> forms() const;
  /// For who wants to know of one form alone: nothing is sent in another, and no chunk is larger.
  void keep_only(UploadForm form, std::uint64_t chunk);
  /// Takes over what `other`, which was `before`, learnt of `form`.
  void learn_from(const UploadRules& other, const UploadRules& before, UploadForm form);

  /// Something was learnt that the row does not say.
  bool is_changed() const { return changed_; }
  /// What was learnt, as one line that holds for some days from `now` (seconds since the epoch).
  std::string text(std::int64_t now) const;
  /// Adds what `text` says, unless it is too old or says nothing.
  void recall(std::string_view text, std::int64_t now);

 private:
  struct Form {
    UploadForm form;
    std::uint64_t refused_from;  // bytes
  };

  std::vector<Form> forms_;
  std::uint64_t chunk_ = std::uint64_t{64} << 20;
  UploadRanges ranges_ = UploadRanges::exact;
  bool changed_ = false;
};

}  // namespace mlpack
