#include "layers/archive.h"

#include "layers/archive_blobs.h"
#include "lib/error.h"
#include "lib/oci/read_blob.h"
#include "lib/oci/verify.h"
#include "lib/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <set>

namespace mlpack {
namespace {

// What cannot be replaced by a file: a FIFO, a socket or a device, also behind a link.
bool is_stream(const fs::path& path) {
  std::error_code absent;
  const fs::file_status status = fs::status(path, absent);
  return fs::is_fifo(status) || fs::is_socket(status) || fs::is_character_file(status) ||
         fs::is_block_file(status);
}

// Waits for the reader of a FIFO.
Fd open_stream(const fs::path& path, const Stop* stop) {
  while (true) {
    Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (fd) return fd;
    if (errno != EINTR) {
      fail(Fault::disk, "cannot open `{}`: {}", path.string(), errno_text(errno));
    }
    if (stop != nullptr) stop->check();
  }
}

void write_to(Sink& out,
              const ArchiveLocation& location,
              const std::string& name,
              const ImageSet& images,
              const ExportContext& context) {
  if (location.kind == ArchiveLocation::Kind::oci_archive) {
    write_oci_archive(out, location.tag.empty() ? "latest" : location.tag, images, context);
  } else {
    write_docker_archive(out, location.tag.empty() ? name : location.tag, images, context);
  }
}

// Where nothing can be taken back.
void write_once(Sink& out,
                const ArchiveLocation& location,
                const std::string& name,
                const ImageSet& images,
                const ExportContext& context) {
  try {
    write_to(out, location, name, images, context);
  } catch (Error& error) {
    if (error.again() == Error::Again::helps) {
      error.set_hint(
          "what is out cannot be taken back: write to a file, where the layer is read "
          "anew from the next place, or leave that mirror out of registries.conf");
    }
    throw;
  }
}

// What an archive surely holds. In a docker-archive layers are uncompressed, which says how large
// they are only of those that were not compressed.
std::uint64_t known_size(ArchiveLocation::Kind kind, const ImageSet& images) {
  std::uint64_t size = 0;
  for (const ArchiveBlob& blob : archive_blobs(images)) {
    const auto compression = layer_compression(blob.descriptor.media_type);
    const bool is_known =
        kind != ArchiveLocation::Kind::docker_archive || compression == Compression::none;
    if (is_known) size += blob.descriptor.size;
  }
  return size;
}

ArchiveBlob document(std::string_view media_type, const std::string& bytes) {
  return {{std::string(media_type), Digest::of(bytes), bytes.size(), {}, {}}, bytes};
}

}  // namespace

Descriptor ImageSet::root() const {
  if (index) return *index;
  const Image& image = images.front();
  return {image.media_type, image.digest(), image.manifest_bytes.size(), {}, {}};
}

std::vector<const Image*> ImageSet::runnable() const {
  std::vector<const Image*> runnable;
  for (const Image& image : images) {
    if (!image.manifest.is_artifact()) runnable.push_back(&image);
  }
  return runnable;
}

std::vector<ArchiveBlob> archive_blobs(const ImageSet& images) {
  std::vector<ArchiveBlob> blobs;
  std::set<Digest> seen;
  const auto add = [&](ArchiveBlob blob) {
    if (seen.insert(blob.descriptor.digest).second) blobs.push_back(std::move(blob));
  };
  for (const Image& image : images.images) {
    for (const Descriptor& layer : image.manifest.layers)
      add({layer, ""});
  }
  for (const Image& image : images.images) {
    add(document(image.manifest.config.media_type, image.config_bytes));
    add(document(image.media_type, image.manifest_bytes));
  }
  if (images.index) add(document(images.index->media_type, images.index_bytes));
  return blobs;
}

std::unique_ptr<Source> open_archive_blob(const ArchiveBlob& blob, const ExportContext& context) {
  if (!blob.inline_bytes.empty()) return std::make_unique<StringSource>(blob.inline_bytes);
  const Descriptor& layer = blob.descriptor;
  return std::make_unique<VerifyingSource>(
      context.open(layer), layer, "the bytes of layer `" + layer.digest.text() + "`");
}

std::string layout_blob_path(const Digest& digest) {
  return "blobs/sha256/" + digest.hex();
}

std::string layout_version_text() {
  return R"({"imageLayoutVersion":"1.0.0"})";
}

Descriptor named_root(const ImageSet& images, const std::string& tag) {
  Descriptor root = images.root();
  root.annotations["org.opencontainers.image.ref.name"] = tag;
  return root;
}

BlobProgress::BlobProgress(const ExportContext& context,
                           const std::string& label,
                           std::uint64_t total)
    : context_(context) {
  if (context.progress != nullptr) line_.emplace(*context.progress, label, total);
}

void BlobProgress::advance(std::size_t bytes) {
  if (context_.stop != nullptr) context_.stop->check();
  if (line_) line_->advance(bytes);
}

void BlobProgress::end(const std::string& outcome) {
  if (line_) line_->end(outcome);
}

void write_archive(const ArchiveLocation& location,
                   const std::string& name,
                   const ImageSet& images,
                   const ExportContext& context) {
  if (location.is_layout()) {
    write_layout(location.path, location.tag.empty() ? "latest" : location.tag, images, context);
    return;
  }
  if (location.path == "-") {
    FdSink out(STDOUT_FILENO, "stdout");
    return write_once(out, location, name, images, context);
  }
  if (is_stream(location.path)) {
    const Fd fd = open_stream(location.path, context.stop);
    FdSink out(fd.get(), "`" + location.path.string() + "`");
    return write_once(out, location, name, images, context);
  }
  remove_leftovers(location.path);
  require_room(location.path, known_size(location.kind, images));
  past_bad_copies([&] {
    AtomicFile file(location.path);
    write_to(file, location, name, images, context);
    file.commit();
  });
}

}  // namespace mlpack
