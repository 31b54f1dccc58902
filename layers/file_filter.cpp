#include "layers/file_filter.h"

#include "lib/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t largest_ignore_file = std::uint64_t{1} << 20;

}  // namespace

FileFilter::FileFilter(const TreeInput& input, std::string shown, const std::string& absolute)
    : shown_(std::move(shown)),
      include_(Globs::parse(input.include, fmt::format("`include` of `{}`", shown_))),
      include_of_excluded_(include_),
      exclude_(Globs::parse(input.exclude, fmt::format("`exclude` of `{}`", shown_))) {
  if (!input.ignore_file.empty()) read_ignore_file(input.ignore_file, absolute);
}

// A source that is not below the folder of the ignore file is none of its business.
void FileFilter::read_ignore_file(const fs::path& file, const std::string& absolute) {
  const auto text = read_file_if_exists(file, largest_ignore_file);
  if (!text) return;
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const fs::path below = fs::path(absolute).lexically_normal().lexically_relative(folder);
  if (below.empty() || *below.begin() == "..") return;
  ignore_ = Globs::parse_lines(*text, fmt::format("`{}`", file.string()));
  ignore_prefix_ = below == "." ? "" : below.string() + '/';
}

FileFilter::Taken FileFilter::at_top() const {
  return include_.empty() ? Taken::yes : Taken::no;
}

bool FileFilter::excludes(const std::string& path, Globs::Kind kind) {
  const bool excluded =
      exclude_.match(path, kind) == Globs::Verdict::matched ||
      (!ignore_.empty() && ignore_.match(ignore_prefix_ + path, kind) == Globs::Verdict::matched);
  if (excluded) include_of_excluded_.match(path, kind);
  return excluded;
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

void FileFilter::check_all_used() const {
  const std::vector<std::string> unused = include_.unused();
  if (unused.empty()) return;
  const std::vector<std::string> never = include_of_excluded_.unused();
  if (std::find(never.begin(), never.end(), unused.front()) == never.end()) {
    throw Error(
        Fault::usage,
        fmt::format(
            "`include` of `{}`: everything that `{}` matches is excluded", shown_, unused.front()),
        "`exclude` wins over `include`: remove one of the two patterns");
  }
  throw Error(Fault::usage,
              fmt::format("`include` of `{}`: `{}` matches nothing", shown_, unused.front()),
              fmt::format("`ls {}` shows what is there", shown_));
}

}  // namespace mlpack
