#pragma once

#include "lib/catalog/row.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

// The rules of rules_driver.h, rules_code.h and rules_image.h are pure functions over a catalog,
// which has to outlive their answers. Each cites its document: by the names of facts in
// templates/compat/facts.yaml, whose rows are among the evidence of its answers.

enum class Verdict { yes, no, unknown };

/// What a rule says. Unknown: the catalog does not tell, or the question was not exact enough.
struct Ruling {
  Verdict verdict = Verdict::unknown;
  std::string reason;  // one sentence, lower case, with the values that decided
  /// What it rests on, at least one row; each has its sources.
  std::vector<const CatalogRow*> evidence;
  std::string_view architecture = {};  // of the images that it is about; empty: any
  /// What ends a doubt; empty: to try the image, or, of one that is no, to do without a part of it.
  std::string hint = {};
};

}  // namespace mlpack
