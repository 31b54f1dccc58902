#include "cli/python_versions.h"

#include "lib/error.h"
#include "lib/python/specifier.h"
#include "lib/text.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t shown_versions = 3;

// Nothing where it does not know the package, or does not answer.
std::vector<IndexFile> ask(const PythonIndex& index,
                           const std::string& package,
                           PackageVersions& versions) {
  try {
    return index.files(package).value_or(std::vector<IndexFile>{});
  } catch (const Error& error) {
    if (error.fault() == Fault::interrupted || error.fault() == Fault::terminated) throw;
    versions.trouble = std::make_shared<const Error>(error);
    return {};
  }
}

// `cp39-win_amd64`: what of a tag says for whom a wheel is.
std::string who_is_meant(const std::string& tag) {
  const std::size_t abi = tag.find('-');
  const std::size_t platform = tag.rfind('-');
  return abi == std::string::npos ? tag : tag.substr(0, abi) + tag.substr(platform);
}

}  // namespace

std::string PackageVersions::nearest(const std::optional<PythonVersion>& wanted) const {
  auto above = wanted ? fitting.upper_bound(*wanted) : fitting.end();
  auto below = above;
  // One below for one above, as far as there are.
  for (std::size_t shown = 0; shown < std::min(shown_versions, fitting.size());) {
    if (below != fitting.begin()) {
      --below;
      ++shown;
    }
    if (shown < shown_versions && above != fitting.end()) {
      ++above;
      ++shown;
    }
  }
  std::vector<std::string> texts;
  for (auto at = below; at != above; ++at)
    texts.push_back(at->second);
  return join(texts, ", ");
}

WheelCatalog::WheelCatalog(const IndexSettings& settings,
                           const PythonFacts& facts,
                           Session& session)
    : tags_(facts.target),
      python_(PythonVersion::parse(facts.version)),
      context_(session.remote_context()) {
  const auto index_at = [&](const std::string& url, PythonIndex::Kind kind) {
    return std::make_unique<PythonIndex>(context_, url, kind);
  };
  for (const std::string& place : settings.find_links) {
    if (place.find("://") != std::string::npos) {
      pages_.push_back(index_at(place, PythonIndex::Kind::links));
    } else {
      folders_.emplace_back(place);
    }
  }
  if (settings.index == IndexSettings::Index::none) return;
  indexes_.push_back(index_at(settings.index_url, PythonIndex::Kind::index));
  for (const std::string& url : settings.extra_index_urls)
    indexes_.push_back(index_at(url, PythonIndex::Kind::index));
}

void WheelCatalog::note_file(const ListedFile& file,
                             const std::string& package,
                             PackageVersions& versions) const {
  const auto name = parse_wheel_name(file.name);
  if (name && name->name != package) return;
  if (!name) {
    const bool is_source = file.name.ends_with(".tar.gz") || file.name.ends_with(".zip");
    if (is_source) ++versions.sources;
    return;
  }
  const auto wanted = PythonSpecifiers::parse(file.requires_python);
  const bool is_for_python = !wanted || !python_ || wanted->contains(*python_);
  if (!tags_.rank(name->tags)) {
    for (const std::string& tag : name->tags)
      versions.other_tags.insert(who_is_meant(tag));
  } else if (!is_for_python) {
    versions.other_pythons.insert(file.requires_python);
  } else {
    versions.fitting.emplace(name->parsed, name->parsed.text());
  }
}

PackageVersions WheelCatalog::find(const std::string& package) const {
  PackageVersions versions;
  for (const fs::path& folder : folders_) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      const std::string file = entry.path().filename().string();
      if (parse_wheel_name(file)) note_file({file, {}}, package, versions);
    }
  }
  for (const auto& page : pages_) {
    for (const IndexFile& file : ask(*page, package, versions)) {
      if (parse_wheel_name(file.name))
        note_file({file.name, file.requires_python}, package, versions);
    }
  }
  for (const auto& index : indexes_) {
    for (const IndexFile& file : ask(*index, package, versions))
      note_file({file.name, file.requires_python}, package, versions);
  }
  return versions;
}

}  // namespace mlpack
