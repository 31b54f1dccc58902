#pragma once

#include "lib/catalog/template_node.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What the `columns` of a table in templates/compat say of one of them:
///
///     column = kind ["?"] ["shown"] ["@" table "." column]
///     kind   = "text" | "texts" | "version" | "versions" | "number" | "numbers" | "targets"
///            | "date" | "flag" | "enum" type value…
///
/// `?`: it may be missing or null. `shown`: for readers; the typed row does not have it. `@`: every
/// value, or its first two parts, is one of that column. targets: 90 stands for the version 9.0.
/// The type of an enum is one of C++; `-`: it is text there.
struct CompatColumn {
  /// Fault::input where `description` is none.
  CompatColumn(std::string column_name, std::string_view description);

  /// Checks a value and takes it apart: a part for each of a list, none for null.
  std::vector<std::string> parts(const TemplateNode& value) const;
  bool is_list() const;

  std::string name;
  std::string kind;
  bool is_optional = false;
  bool is_shown = false;
  std::string refers;  // `torch.release`
  std::string type;    // of an enum
  std::vector<std::string> values;
};

}  // namespace mlpack
