#include "layers/file_filter.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_ignore_file = std::uint64_t{1} << 20;

std::string hint_of(const std::vector<std::string>& files) {
  constexpr std::size_t most = 5;
  if (files.empty()) return "it has no files";
  const std::span<const std::string> first(files.data(), std::min(files.size(), most));
  const std::string more =
      files.size() > most ? fmt::format(" and {} more", files.size() - most) : "";
  return fmt::format("it has `{}`{}", fmt::join(first, "`, `"), more);
}

}  // namespace

FileFilter::FileFilter(const TreeInput& input, std::string shown, const std::string& absolute)
    : shown_(std::move(shown)),
      absolute_(absolute),
      links_(input.links),
      include_(Globs::parse(input.include, fmt::format("`include` of `{}`", shown_))),
      exclude_(Globs::parse(input.exclude, fmt::format("`exclude` of `{}`", shown_))) {
  if (!input.ignore_file.empty()) read_ignore_file(input.ignore_file);
}

// A source that is not below the folder of the ignore file is none of its business.
void FileFilter::read_ignore_file(const fs::path& file) {
  const auto text = read_file_if_exists(file, largest_ignore_file);
  if (!text) {
    std::error_code ignored;
    if (!fs::is_symlink(file, ignored)) return;
    throw Error(Fault::input,
                fmt::format("`{}` is a symlink to `{}`, which does not exist",
                            printable(file.string()),
                            printable(fs::read_symlink(file, ignored).string())),
                "what it excludes would be packed; mend it or remove it");
  }
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const fs::path below = absolute_.lexically_normal().lexically_relative(folder);
  if (below.empty() || *below.begin() == "..") return;
  ignore_ = Globs::parse_lines(*text, fmt::format("`{}`", file.string()));
  ignore_prefix_ = below == "." ? "" : below.string() + '/';
}

FileFilter::Taken FileFilter::at_top() const {
  return include_.empty() ? Taken::yes : Taken::no;
}

std::optional<std::string> FileFilter::excluder(const std::string& path, Globs::Kind kind) const {
  auto pattern = exclude_.matching(path, kind);
  if (pattern || ignore_.empty()) return pattern;
  return ignore_.matching(ignore_prefix_ + path, kind);
}

bool FileFilter::excludes(const std::string& path, Globs::Kind kind) const {
  return excluder(path, kind).has_value();
}

FileFilter::Taken FileFilter::includes(const std::string& path, Globs::Kind kind, Taken above) {
  switch (include_.match(path, kind)) {
    case Globs::Verdict::matched:
      return Taken::yes;
    case Globs::Verdict::taken_back:
      return Taken::no;
    case Globs::Verdict::unmatched:
      break;
  }
  return above;
}

std::optional<std::string> FileFilter::excluder_on_the_way(const std::string& path,
                                                           Globs::Kind kind) const {
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
    auto pattern = excluder(path.substr(0, end), Globs::Kind::folder);
    if (pattern) return pattern;
  }
  return excluder(path, kind);
}

// The walk does not go into what is excluded. Here a message is made: it is worth a second look, if
// not one without end.
std::set<std::string> FileFilter::excluders_of(const std::string& include) const {
  constexpr std::size_t most = 100'000;
  const bool follow = links_ == TreeInput::Links::follow;
  const Globs globs = Globs::parse({include}, "");
  std::set<std::string> excluders;
  std::error_code failed;
  fs::recursive_directory_iterator at(
      absolute_,
      fs::directory_options::skip_permission_denied |
          (follow ? fs::directory_options::follow_directory_symlink : fs::directory_options::none),
      failed);
  for (std::size_t count = 0; !failed && at != fs::end(at) && count < most; ++count) {
    std::error_code unknown;
    const bool is_folder = at->is_directory(unknown) && (follow || !at->is_symlink(unknown));
    const auto kind = is_folder ? Globs::Kind::folder : Globs::Kind::file;
    const std::string path = at->path().lexically_relative(absolute_).string();
    const auto excluder =
        globs.matching(path, kind) ? excluder_on_the_way(path, kind) : std::nullopt;
    if (excluder) excluders.insert(*excluder);
    at.increment(failed);
  }
  return excluders;
}

void FileFilter::refuse_unused(const std::string& include,
                               const std::set<std::string>& excluders,
                               const std::string& hint) const {
  if (excluders.empty()) {
    throw Error(Fault::usage,
                fmt::format("`include` of `{}`: `{}` matches nothing", shown_, include),
                hint);
  }
  throw Error(Fault::usage,
              fmt::format("`include` of `{}`: everything that `{}` matches is excluded by `{}`",
                          shown_,
                          include,
                          fmt::join(excluders, "` and `")),
              "`exclude` wins over `include`: remove one of the patterns");
}

void FileFilter::check_all_used() const {
  const std::vector<std::string> unused = include_.unused();
  if (unused.empty()) return;
  refuse_unused(unused.front(),
                excluders_of(unused.front()),
                fmt::format("`ls {}` shows what is there", shown_));
}

bool FileFilter::takes(const std::string& file) {
  Taken taken = at_top();
  for (std::size_t end = file.find('/'); end != std::string::npos; end = file.find('/', end + 1)) {
    const std::string folder = file.substr(0, end);
    if (excludes(folder, Globs::Kind::folder)) return false;
    taken = includes(folder, Globs::Kind::folder, taken);
  }
  return !excludes(file, Globs::Kind::file) &&
         includes(file, Globs::Kind::file, taken) == Taken::yes;
}

std::set<std::string> FileFilter::excluders_among(const std::vector<std::string>& files,
                                                  const std::string& include) const {
  const Globs globs = Globs::parse({include}, "");
  std::set<std::string> excluders;
  const auto look = [&](const std::string& path, Globs::Kind kind) {
    const auto excluder =
        globs.matching(path, kind) ? excluder_on_the_way(path, kind) : std::nullopt;
    if (excluder) excluders.insert(*excluder);
  };
  for (const std::string& file : files) {
    for (std::size_t end = file.find('/'); end != file.npos; end = file.find('/', end + 1)) {
      look(file.substr(0, end), Globs::Kind::folder);
    }
    look(file, Globs::Kind::file);
  }
  return excluders;
}

std::vector<std::string> FileFilter::select(const std::vector<std::string>& files) {
  std::vector<std::string> taken;
  std::copy_if(files.begin(), files.end(), std::back_inserter(taken), [&](const auto& file) {
    return takes(file);
  });
  const std::vector<std::string> unused = include_.unused();
  if (unused.empty()) return taken;
  refuse_unused(unused.front(), excluders_among(files, unused.front()), hint_of(files));
  return taken;
}

}  // namespace mlpack
