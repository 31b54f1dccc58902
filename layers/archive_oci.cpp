#include "layers/archive_blobs.h"
#include "layers/archive_tar.h"
#include "lib/oci/manifest.h"

namespace mlpack {
namespace {

void add_blob(TarFiles& tar, const ArchiveBlob& blob, const ExportContext& context) {
  const Descriptor& descriptor = blob.descriptor;
  BlobProgress progress(context, "export " + descriptor.digest.short_hex(), descriptor.size);
  const auto source = open_archive_blob(blob, context);
  tar.add(layout_blob_path(descriptor.digest), descriptor.size, *source, [&](std::size_t bytes) {
    progress.advance(bytes);
  });
  progress.end("written");
}

}  // namespace

void write_oci_archive(Sink& out,
                       const std::string& tag,
                       const ImageSet& images,
                       const ExportContext& context) {
  TarFiles tar(out);
  tar.add("oci-layout", layout_version_text());
  tar.add("index.json",
          write_index({std::string(media_type::oci_index), {named_root(images, tag)}, {}}));
  for (const ArchiveBlob& blob : archive_blobs(images))
    add_blob(tar, blob, context);
  tar.finish();
}

}  // namespace mlpack
