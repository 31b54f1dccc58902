#pragma once

#include "lib/remote.h"
#include "registry/transport.h"
#include "registry/url.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The commit that a hub's reply about a revision names; Fault::refused, naming `source`, where it
/// names none.
std::string hub_commit(const std::string& json, const std::string& source);

/// True for 40 lower-case hexadecimal digits.
bool is_git_sha1(const std::string& text);

/// Appends the files of one page of a hub's tree. Fault::refused for what is no such page,
/// Fault::integrity for paths that are none.
void add_hub_page(const std::string& json,
                  const RemoteFile& pattern,
                  const std::string& source,
                  std::vector<RemoteFile>& files);

/// The query of the next page, as the answer's Link header (RFC 8288) has it.
std::optional<std::string> next_page_query(const Url& url, const Headers& headers);

}  // namespace mlpack
