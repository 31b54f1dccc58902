#pragma once

#include "lib/file.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Where packages are looked for. URLs may hold credentials: they are never shown.
struct IndexSettings {
  std::string index_url;  // empty: nobody said
  std::vector<std::string> extra_index_urls;
  std::vector<std::string> find_links;  // folders and URLs
  enum class Index { used, none } index = Index::used;
};

/// What uv.toml says (`index-url`, `extra-index-url`, `find-links`, `no-index`, `[[index]]`).
/// Fault::input for what is no TOML.
IndexSettings parse_uv_toml(std::string_view text, const fs::path& path);

/// What pip.conf says in `[global]`, `[install]` and `[download]`; lines that are no settings are
/// passed over, as nobody but pip knows them all.
IndexSettings parse_pip_conf(std::string_view text);

/// Looks up a variable of the process's environment.
using VariableOf = std::function<std::optional<std::string>(const std::string& name)>;

/// What the user's machine says: the variables UV_*, then PIP_*, uv.toml, pip.conf; the first that
/// names an index decides which, extra indexes and folders of all are taken. `home` may be empty.
IndexSettings host_index_settings(const VariableOf& variable, const fs::path& home);

}  // namespace mlpack
