#include "layers/archive_blobs.h"
#include "layers/copy_range.h"
#include "layers/tar_header.h"
#include "layers/tar_view.h"
#include "lib/error.h"
#include "lib/store/layout.h"

#include <algorithm>

namespace mlpack {
namespace {

void require_layout_or_nothing(const fs::path& folder) {
  std::error_code failed;
  const bool is_layout = fs::exists(folder / "oci-layout", failed);
  const bool is_empty = !fs::exists(folder, failed) || fs::is_empty(folder, failed);
  if (is_layout || (is_empty && !failed)) return;
  throw Error(Fault::usage,
              fmt::format("`{}` holds something else than an OCI layout", folder.string()),
              "name a new folder, or empty this one");
}

bool is_of_files(const LayerRecipe& recipe) {
  return std::none_of(recipe.entries.begin(), recipe.entries.end(), [](const RecipeEntry& entry) {
    return entry.kind == EntryKind::file && std::holds_alternative<DebMember>(entry.content);
  });
}

void write_data(const RecipeEntry& entry, AtomicFile& file, BlobProgress& progress) {
  if (entry.kind != EntryKind::file) return;
  if (const auto* range = std::get_if<FileRange>(&entry.content)) {
    copy_range(*range, entry.size, file, [&](std::size_t bytes) { progress.advance(bytes); });
  } else {
    file.write(as_bytes(std::get<std::string>(entry.content)));
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
  if (recipe && is_of_files(*recipe)) {
    write_recipe_blob(*recipe, file, progress);
  } else if (location.kind == BlobLocation::Kind::stored) {
    write_stored_blob(location.path, file, progress);
  } else {
    write_opened_blob(blob, context, file, progress);
  }
  file.commit();
  progress.end("written");
}

bool is_there(const fs::path& path, std::uint64_t size) {
  std::error_code absent;
  return fs::file_size(path, absent) == size && !absent;
}

}  // namespace

void write_layout(const fs::path& folder,
                  const std::string& tag,
                  const ImageSet& images,
                  const ExportContext& context) {
  require_layout_or_nothing(folder);
  create_layout(folder);
  for (const ArchiveBlob& blob : archive_blobs(images)) {
    const fs::path path = folder / layout_blob_path(blob.descriptor.digest);
    if (!is_there(path, blob.descriptor.size)) write_blob(path, blob, context);
  }
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
