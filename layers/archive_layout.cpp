#include "layers/archive_blobs.h"
#include "layers/copy_range.h"
#include "layers/tar_header.h"
#include "layers/tar_view.h"
#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "lib/output.h"
#include "lib/store/layout.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>

namespace mlpack {
namespace {

// Whether it holds nothing but what a process makes before it marks the folder as a layout: one
// that was killed meanwhile, or one that is about to.
bool is_as_good_as_empty(const fs::path& folder) {
  std::error_code failed;
  if (!fs::exists(folder, failed)) return true;
  const auto is_begun = [](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    return name == "index.lock" || (name.starts_with(".oci-layout.") && name.ends_with(".tmp"));
  };
  const fs::directory_iterator entries(folder, failed);
  return !failed && std::all_of(fs::begin(entries), fs::end(entries), is_begun);
}

void require_layout_or_nothing(const fs::path& folder) {
  std::error_code failed;
  if (fs::exists(folder / "oci-layout", failed) || is_as_good_as_empty(folder)) return;
  throw Error(Fault::usage,
              fmt::format("`{}` holds something else than an OCI layout", folder.string()),
              "name a new folder, or empty this one");
}

bool is_of_files(const LayerRecipe& recipe) {
  return std::none_of(recipe.entries.begin(), recipe.entries.end(), [](const RecipeEntry& entry) {
    return archive_of(entry.content) != nullptr ||
           std::holds_alternative<RemoteContent>(entry.content);
  });
}

template <class Variant>
void write_content(const Variant& content,
                   std::uint64_t size,
                   AtomicFile& file,
                   BlobProgress& progress) {
  if (const auto* range = std::get_if<FileRange>(&content)) {
    copy_range(*range, size, file, [&](std::size_t bytes) { progress.advance(bytes); });
  } else {
    file.write(as_bytes(std::get<std::string>(content)));
  }
}

void write_data(const RecipeEntry& entry, AtomicFile& file, BlobProgress& progress) {
  if (entry.kind != EntryKind::file) return;
  if (const auto* parts = std::get_if<Parts>(&entry.content)) {
    for (const Part& part : *parts)
      write_content(part.content, part.size, file, progress);
  } else {
    write_content(entry.content, entry.size, file, progress);
  }
  file.write(as_bytes(std::string(tar_padding(entry.size), '\0')));
}

// Data lies at multiples of 4096, so that copy_file_range shares extents where the file system can.
void write_recipe_blob(const LayerRecipe& recipe, AtomicFile& file, BlobProgress& progress) {
  const TarView view(recipe);
  for (std::size_t i = 0; i < recipe.entries.size(); ++i) {
    file.write(as_bytes(view.header(i)));
    write_data(recipe.entries[i], file, progress);
  }
  file.write(as_bytes(std::string(tar_end_bytes, '\0')));
}

void write_stored_blob(const fs::path& path, AtomicFile& file, BlobProgress& progress) {
  const FileRange whole{path, identity_of(open_regular(path)), 0};
  copy_range(whole, whole.identity.size, file, [&](std::size_t bytes) { progress.advance(bytes); });
}

void write_opened_blob(const ArchiveBlob& blob,
                       const ExportContext& context,
                       AtomicFile& file,
                       BlobProgress& progress) {
  const auto source = open_archive_blob(blob, context);
  copy(*source, file, [&](std::size_t bytes) { progress.advance(bytes); });
}

void write_blob(const fs::path& path, const ArchiveBlob& blob, const ExportContext& context) {
  const Descriptor& descriptor = blob.descriptor;
  BlobProgress progress(context, "export " + descriptor.digest.short_hex(), descriptor.size);
  AtomicFile file(path);
  BlobLocation location;
  if (context.store != nullptr && blob.inline_bytes.empty()) {
    location = context.store->locate(descriptor.digest);
  }
  const auto recipe = location.kind == BlobLocation::Kind::recipe
                          ? context.store->recipe(descriptor.digest)
                          : std::nullopt;
  if (recipe && is_of_files(*recipe) && is_as_it_was(*recipe)) {
    write_recipe_blob(*recipe, file, progress);
  } else if (location.kind == BlobLocation::Kind::stored) {
    write_stored_blob(location.path, file, progress);
  } else {
    write_opened_blob(blob, context, file, progress);
  }
  file.commit();
  progress.end("written");
}

fs::path blob_path(const fs::path& folder, const ArchiveBlob& blob) {
  return folder / layout_blob_path(blob.descriptor.digest);
}

std::vector<ArchiveBlob> missing_blobs(const fs::path& folder, const ImageSet& images) {
  std::vector<ArchiveBlob> blobs = archive_blobs(images);
  std::erase_if(blobs, [&](const ArchiveBlob& blob) {
    std::error_code absent;
    return fs::file_size(blob_path(folder, blob), absent) == blob.descriptor.size && !absent;
  });
  return blobs;
}

// Whether a copy surely takes room of its own. Other file systems may share the blocks of what the
// kernel copies, and then need next to nothing.
bool never_shares_blocks(const fs::path& folder) {
  struct statfs status {};
  std::error_code failed;
  fs::path there = fs::absolute(folder, failed);
  while (there.has_relative_path() && !fs::exists(there, failed))
    there = there.parent_path();
  if (::statfs(there.c_str(), &status) != 0) return false;
  return status.f_type == EXT4_SUPER_MAGIC || status.f_type == TMPFS_MAGIC;
}

std::uint64_t known_size(const fs::path& folder,
                         const std::vector<ArchiveBlob>& blobs,
                         const ExportContext& context) {
  const bool all = context.store == nullptr || never_shares_blocks(folder);
  std::uint64_t size = 0;
  for (const ArchiveBlob& blob : blobs) {
    const Descriptor& descriptor = blob.descriptor;
    const auto is_local = [&] {
      const BlobLocation::Kind kind = context.store->locate(descriptor.digest).kind;
      return kind == BlobLocation::Kind::stored || kind == BlobLocation::Kind::recipe;
    };
    if (all || !is_local()) size += descriptor.size;
  }
  return size;
}

}  // namespace

void write_layout(const fs::path& folder,
                  const std::string& tag,
                  const ImageSet& images,
                  const ExportContext& context) {
  require_layout_or_nothing(folder);
  remove_all_leftovers(folder);
  remove_all_leftovers(folder / "blobs" / "sha256");
  const std::vector<ArchiveBlob> blobs = missing_blobs(folder, images);
  require_room(folder, known_size(folder, blobs, context));
  create_layout(folder);
  for (const ArchiveBlob& blob : blobs)
    past_bad_copies([&] { write_blob(blob_path(folder, blob), blob, context); });
  const Descriptor root = named_root(images, tag);
  update_layout(folder, [&](Index& index) {
    std::erase_if(index.manifests, [&](const Descriptor& entry) {
      const auto name = entry.annotations.find(std::string(ref_name));
      return name != entry.annotations.end() && name->second == tag;
    });
    index.manifests.push_back(root);
    return true;
  });
}

}  // namespace mlpack
