#include "layers/deb_index.h"

#include "layers/deb_version.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>

namespace mlpack {
namespace {

constexpr std::size_t block_size = std::size_t{1} << 20;

// About four times what the largest releases have.
constexpr std::size_t most_kept_bytes = std::size_t{128} << 20;
constexpr std::size_t most_packages = 300'000;
constexpr std::size_t most_provided = 300'000;

constexpr std::array<std::string_view, 14> kept_fields{"Package",
                                                       "Version",
                                                       "Architecture",
                                                       "Priority",
                                                       "Multi-Arch",
                                                       "Pre-Depends",
                                                       "Depends",
                                                       "Provides",
                                                       "Conflicts",
                                                       "Breaks",
                                                       "Replaces",
                                                       "Filename",
                                                       "Size",
                                                       "SHA256"};

bool is_kept(std::string_view line) {
  return std::any_of(kept_fields.begin(), kept_fields.end(), [&](std::string_view name) {
    return line.starts_with(name) && line.size() > name.size() && line[name.size()] == ':';
  });
}

// The paragraph without the three quarters that nobody here reads.
std::string slim(std::string_view paragraph) {
  std::string text;
  bool keeping = false;
  for (const std::string_view line : split(paragraph, '\n')) {
    if (!line.starts_with(' ') && !line.starts_with('\t')) keeping = is_kept(line);
    if (keeping && !line.empty()) text.append(line).push_back('\n');
  }
  return text;
}

// The place of its priority in apt's order; unknown ones come last.
std::size_t importance(std::string_view paragraph) {
  constexpr std::array<std::string_view, 5> order{
      "required", "important", "standard", "optional", "extra"};
  const std::string_view priority = deb_field(paragraph, "Priority");
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), priority) - order.begin());
}

struct ByName {
  bool operator()(const IndexedDeb* a, const IndexedDeb* b) const { return a->name < b->name; }
};

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ParagraphSink DebIndex::list(std::size_t archive) {
  return ParagraphSink([this, archive](std::string_view paragraph) { add(paragraph, archive); });
}

void DebIndex::add(std::string_view paragraph, std::size_t archive) {
  const std::string_view name = deb_field(paragraph, "Package");
  const std::string_view version = deb_field(paragraph, "Version");
  if (name.empty() || version.empty()) {
    fail(Fault::integrity,
         "a package list has a paragraph without Package and Version: `{}`",
         printable(paragraph.substr(0, 60)));
  }
  const auto known = packages_.find(name);
  if (known != packages_.end() && compare_deb_versions(version, known->second.version) <= 0) return;
  const std::string_view text = keep(slim(paragraph));
  const IndexedDeb package{deb_field(text, "Package"), deb_field(text, "Version"), text, archive};
  if (known != packages_.end()) packages_.erase(known);
  packages_.emplace(package.name, package);
  if (packages_.size() > most_packages) {
    fail(Fault::integrity, "the package lists have more than {} packages", most_packages);
  }
}

std::string_view DebIndex::keep(std::string_view text) {
  kept_ += text.size();
  if (kept_ > most_kept_bytes) {
    fail(Fault::integrity, "the package lists hold more than {}", human_size(most_kept_bytes));
  }
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < text.size()) {
    blocks_.emplace_back().reserve(std::max(block_size, text.size()));
  }
  std::string& block = blocks_.back();
  const std::size_t begin = block.size();
  block.append(text);
  return std::string_view(block).substr(begin);
}

const IndexedDeb* DebIndex::find(std::string_view name) const {
  const auto found = packages_.find(name);
  return found == packages_.end() ? nullptr : &found->second;
}

void DebIndex::index_provides() const {
  if (!provided_.empty()) return;
  std::size_t count = 0;
  for (const auto& [name, package] : packages_) {
    for (const auto& item : dependencies(deb_field(package.paragraph, "Provides"))) {
      provided_[dependency_name(item.front())].push_back(&package);
      if (++count > most_provided) {
        fail(Fault::integrity, "the package lists have more than {} `Provides`", most_provided);
      }
    }
  }
}

std::vector<const IndexedDeb*> DebIndex::providers(std::string_view name) const {
  index_provides();
  const auto entry = provided_.find(name);
  if (entry == provided_.end()) return {};
  Found found = entry->second;
  std::sort(found.begin(), found.end(), [](const IndexedDeb* a, const IndexedDeb* b) {
    const std::size_t first = importance(a->paragraph);
    const std::size_t second = importance(b->paragraph);
    return std::tie(first, a->name) < std::tie(second, b->name);
  });
  return found;
}

std::vector<std::string_view> DebIndex::names() const {
  std::vector<std::string_view> found;
  found.reserve(packages_.size());
  for (const auto& [name, package] : packages_)
    found.push_back(name);
  return found;
}

DebIndex::Found DebIndex::walk(std::span<const std::string> wanted,
                               std::span<const std::string_view> ignored,
                               const Choose& choose) const {
  std::set<const IndexedDeb*, ByName> taken;
  Found pending;
  const auto take = [&](const Found& packages) {
    for (const IndexedDeb* package : packages) {
      if (taken.insert(package).second) pending.push_back(package);
    }
  };
  for (const std::string& name : wanted)
    take(choose({name}));
  while (!pending.empty()) {
    const IndexedDeb* package = pending.back();
    pending.pop_back();
    for (const auto& need : needs_of(package->paragraph, ignored))
      take(choose(need));
  }
  return Found(taken.begin(), taken.end());
}

std::vector<const IndexedDeb*> DebIndex::closure(std::span<const std::string> wanted,
                                                 std::span<const std::string_view> ignored) const {
  index_provides();
  return walk(wanted, ignored, [&](const std::vector<std::string_view>& alternatives) {
    Found found;
    for (const std::string_view alternative : alternatives) {
      const std::string_view name = dependency_name(alternative);
      if (const IndexedDeb* package = find(name)) found.push_back(package);
      if (const auto entry = provided_.find(name); entry != provided_.end()) {
        found.insert(found.end(), entry->second.begin(), entry->second.end());
      }
    }
    return found;
  });
}

std::vector<const IndexedDeb*> DebIndex::first_choices(
    std::span<const std::string> wanted, std::span<const std::string_view> ignored) const {
  return walk(wanted, ignored, [&](const std::vector<std::string_view>& alternatives) -> Found {
    for (const std::string_view alternative : alternatives) {
      const std::string_view name = dependency_name(alternative);
      if (const IndexedDeb* package = find(name)) return {package};
      if (const Found found = providers(name); !found.empty()) return {found.front()};
    }
    return {};
  });
}

std::vector<std::vector<std::string_view>> needs_of(std::string_view paragraph,
                                                    std::span<const std::string_view> ignored) {
  std::vector<std::vector<std::string_view>> needs =
      dependencies(deb_field(paragraph, "Pre-Depends"));
  auto depends = dependencies(deb_field(paragraph, "Depends"));
  std::move(depends.begin(), depends.end(), std::back_inserter(needs));
  std::erase_if(needs, [&](const std::vector<std::string_view>& alternatives) {
    return std::any_of(alternatives.begin(), alternatives.end(), [&](std::string_view one) {
      return contains(ignored, dependency_name(one));
    });
  });
  return needs;
}

}  // namespace mlpack
