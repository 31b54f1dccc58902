#include "cli/output_checks.h"

#include "layers/file_filter.h"
#include "lib/error.h"
#include "lib/lock/agree.h"
#include "lib/output.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <variant>

namespace mlpack {
namespace {

std::string shown(const ArchiveLocation& location) {
  return fmt::format("`-o` to `{}`", printable(location.path.string()));
}

// The path from `folder` to `place`, `.` where they are one; nullopt where it is not within.
std::optional<fs::path> path_within(const fs::path& place, const fs::path& folder) {
  const fs::path relative = place.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == "..") return std::nullopt;
  return relative;
}

bool is_same_file(const FileIdentity& a, const FileIdentity& b) {
  return a.device == b.device && a.inode == b.inode;
}

bool is_input(const FileIdentity& file, const std::vector<PackJob>& jobs) {
  return std::any_of(jobs.begin(), jobs.end(), [&](const PackJob& job) {
    const auto& entries = job.recipe.entries;
    return std::any_of(entries.begin(), entries.end(), [&](const RecipeEntry& entry) {
      bool found = false;
      for_each_range(entry.content, [&](const FileRange& range) {
        found = found || is_same_file(range.identity, file);
      });
      return found;
    });
  });
}

[[noreturn]] void refuse(const std::string& message) {
  throw Error(Fault::usage, message, "write the image somewhere else");
}

// What the build reads beside the files of its layers: files, and a folder with all in it.
std::vector<fs::path> read_beside(const Spec& spec) {
  const fs::path folder = spec.file.parent_path();
  std::vector<fs::path> paths{
      spec.file, lock_path(spec), folder / ".mlpackignore", folder / "mlpack.d"};
  const auto add = [&](const std::optional<fs::path>& path) {
    if (path) paths.push_back(folder / *path);
  };
  if (spec.runtime) add(spec.runtime->value.config);
  if (spec.python) add(spec.python->value.requirements);
  if (spec.python) add(spec.python->value.lock);
  return paths;
}

bool is_read(const fs::path& output, const std::vector<fs::path>& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const fs::path& path) {
    struct stat ours {};
    struct stat theirs {};
    const bool is_one = ::stat(output.c_str(), &ours) == 0 && ::stat(path.c_str(), &theirs) == 0 &&
                        is_same_file(identity_of(ours), identity_of(theirs));
    return is_one || path_within(place_of(output), place_of(path));
  });
}

void check_base(const ArchiveLocation& output, const BaseLayout& base) {
  const fs::path layout = place_of(base.path);
  const auto within = path_within(place_of(output.path), layout);
  if (!within) return;
  const bool other_tag =
      output.is_layout() && *within == "." && !base.tag.empty() && output.tag != base.tag;
  if (other_tag) return;
  refuse(fmt::format("{} would change the base `oci:{}`, which the image is made from",
                     shown(output),
                     printable(base.path.string())));
}

}  // namespace

std::vector<WrittenPlace> written_places(const std::vector<ArchiveLocation>& outputs,
                                         const fs::path& store) {
  std::vector<WrittenPlace> places{
      {fmt::format("the store `{}`", printable(store.string())), place_of(store)}};
  for (const ArchiveLocation& output : outputs) {
    if (output.path != "-") places.push_back({shown(output), place_of(output.path)});
  }
  return places;
}

void check_outside_store(const ArchiveLocation& output, const fs::path& store) {
  if (output.path == "-" || !path_within(place_of(output.path), place_of(store))) return;
  refuse(fmt::format(
      "`{}` is in the store `{}`", printable(output.path.string()), printable(store.string())));
}

void check_output_places(const std::vector<ArchiveLocation>& outputs,
                         const Spec& spec,
                         const fs::path& store) {
  for (const ArchiveLocation& output : outputs) {
    check_outside_store(output, store);
    if (output.path == "-") continue;
    const auto* base = std::get_if<BaseLayout>(&spec.base.value);
    if (base != nullptr) check_base(output, *base);
  }
}

void check_source(const TreeInput& input, const std::vector<WrittenPlace>& places) {
  std::error_code ignored;
  if (!fs::is_directory(input.source, ignored)) return;
  for (const WrittenPlace& written : places) {
    const auto within = path_within(written.place, place_of(input.source));
    // A file that is there already is told about by check_not_overwritten.
    if (!within || fs::is_regular_file(written.place, ignored)) continue;
    // Of a layout or store, the one file that each of them has.
    const std::string file = within->string();
    FileFilter filter(input, input.source.string(), place_of(input.source).string());
    if (*within != "." && !filter.takes(file) && !filter.takes(file + "/index.json")) continue;
    throw Error(Fault::usage,
                fmt::format("{} is in `{}`, which the image is made from: it would become a part "
                            "of the next one",
                            written.what,
                            printable(input.source.string())),
                "choose another place for it, or exclude it");
  }
}

void check_not_overwritten(const std::vector<ArchiveLocation>& outputs,
                           const Spec& spec,
                           const std::vector<PackJob>& jobs) {
  const std::vector<fs::path> beside = read_beside(spec);
  for (const ArchiveLocation& output : outputs) {
    if (output.path == "-") continue;
    struct stat status {};
    const bool is_packed =
        ::stat(output.path.c_str(), &status) == 0 && is_input(identity_of(status), jobs);
    if (!is_packed && !is_read(output.path, beside)) continue;
    refuse(fmt::format("`-o` would overwrite `{}`, which the image is made from",
                       printable(output.path.string())));
  }
}

void check_report_place(const std::string& option,
                        const fs::path& file,
                        const ImageLocation& image,
                        std::vector<fs::path> kept) {
  if (const auto* archive = std::get_if<ArchiveLocation>(&image)) kept.push_back(archive->path);
  if (!is_read(file, kept)) return;
  throw Error(
      Fault::usage,
      fmt::format(
          "`{} {}` would overwrite a part of what is looked at", option, printable(file.string())),
      "choose another file for it");
}

}  // namespace mlpack
