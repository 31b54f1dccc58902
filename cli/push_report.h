#pragma once

#include "cli/push_all.h"
#include "lib/oci/recipe.h"
#include "registry/referrers.h"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlpack {

/// What people call the layers of images, and where their bytes would come from.
struct BlobNames {
  struct Name {
    Role role = Role::config;
    std::string text;
  };
  std::map<Digest, Name> names;
  std::function<std::string(const Descriptor&)> origin;

  /// The layers of `images` by their annotations; `config` else.
  static BlobNames of(const std::vector<Image>& images);
  Name name(const Descriptor& blob) const;
};

/// A blob and what becomes of it: `digest`, `size`, `role`, `name`, `outcome`, `from`.
nlohmann::ordered_json blob_json(const BlobOutcome& outcome, const BlobNames& names);

/// What --json shows of a push that succeeded.
nlohmann::ordered_json push_json(const Reference& name, const PushReport& report);

/// The document of `results`: a single one's as it is, else `pushes`, with an `error` in those that
/// failed, and that of all.
std::string push_document(const std::vector<PushResult>& results);

/// What --receipt writes of `results`.
std::string receipt_text(const std::string& image,
                         const std::vector<PushResult>& results,
                         const BlobNames& names);

/// `size  role name  what happens` for each blob of `plan`, with `why` where the reasons are
/// wanted.
enum class Reasons { none, shown };
std::string plan_text(const Reference& name,
                      const PushPlan& plan,
                      const BlobNames& names,
                      Reasons reasons);
nlohmann::ordered_json plan_json(const Reference& name,
                                 const PushPlan& plan,
                                 const BlobNames& names,
                                 Reasons reasons);

/// The same of what refers to an image.
std::string attached_text(const std::vector<ReferrerPlan>& attached,
                          const BlobNames& names,
                          Reasons reasons);
nlohmann::ordered_json attached_json(const std::vector<ReferrerPlan>& attached,
                                     const BlobNames& names,
                                     Reasons reasons);

}  // namespace mlpack
