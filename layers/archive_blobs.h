#pragma once

#include "layers/archive.h"
#include "lib/progress.h"

#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// Every blob of `images` once: layers, then configs, manifests and the index. `inline_bytes` holds
/// the documents, which are not in a store.
struct ArchiveBlob {
  Descriptor descriptor;
  std::string inline_bytes;  // empty: a layer
};
std::vector<ArchiveBlob> archive_blobs(const ImageSet& images);

/// Opens a blob: the documents from memory, layers by `context.open`, checked against size and
/// digest.
std::unique_ptr<Source> open_archive_blob(const ArchiveBlob& blob, const ExportContext& context);

/// Where a blob lies in a layout (image-layout.md), relative to it.
std::string layout_blob_path(const Digest& digest);

/// `{"imageLayoutVersion":"1.0.0"}`
std::string layout_version_text();

/// The index.json that names the root of `images` as `tag`.
Descriptor named_root(const ImageSet& images, const std::string& tag);

/// The writers behind write_archive, one for each kind.
void write_layout(const fs::path& folder,
                  const std::string& tag,
                  const ImageSet& images,
                  const ExportContext& context);
void write_oci_archive(Sink& out,
                       const std::string& tag,
                       const ImageSet& images,
                       const ExportContext& context);
void write_docker_archive(Sink& out,
                          const std::string& name,
                          const ImageSet& images,
                          const ExportContext& context);

/// A Progress line for one blob that ends with it; says nothing without a Progress.
class BlobProgress {
 public:
  BlobProgress(const ExportContext& context, const std::string& label, std::uint64_t total);
  /// Counts, and ends the work where a stop was asked for.
  void advance(std::size_t bytes);
  void end(const std::string& outcome);

 private:
  const ExportContext& context_;
  std::optional<ProgressLine> line_;
};

}  // namespace mlpack
