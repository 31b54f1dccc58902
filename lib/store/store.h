#pragma once

#include "lib/digest.h"
#include "lib/file.h"
#include "lib/oci/image.h"
#include "lib/oci/recipe.h"
#include "lib/oci/reference.h"
#include "lib/store/upload_note.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// What a layer key led to before.
struct KnownLayer {
  Descriptor descriptor;
  Digest diff_id;
};

/// A named image of the store: one manifest, or an index over several.
struct StoredImage {
  std::string name;  // Reference::text(), with tag
  Descriptor descriptor;
};

/// Where the bytes of a blob are.
struct BlobLocation {
  enum class Kind {
    stored,  // `path` holds them
    recipe,  // they are made from `recipe`
    remote,  // one of `origins` has them
    unknown
  };
  Kind kind = Kind::unknown;
  fs::path path;
  std::vector<Reference> origins;
};

/// What `gc` and `verify` report.
struct StoreReport {
  std::size_t blobs = 0;
  std::size_t recipes = 0;
  std::size_t removed = 0;
  std::uint64_t removed_bytes = 0;
  std::vector<std::string> problems;  // one line each; empty: clean
};

class Stop;

/// How long `gc` waits for others, and whom it tells.
struct Patience {
  std::chrono::milliseconds limit{0};
  std::function<void(const std::string&)> say;  // gets one line where it waits
  const Stop* stop = nullptr;                   // may be absent
};

/// Whether the recipe's files last changed so long before `now_ns` (nanoseconds since the epoch)
/// that any change after it shows in their times.
bool is_settled(const LayerRecipe& recipe, std::int64_t now_ns);

/// The local store: an OCI image layout (image-layout.md) of manifests, configs and compressed
/// layers, beside it the recipes of layers that are never written, a cache of downloads by digest,
/// and a memo (SQLite).
///
///   ROOT/oci-layout, ROOT/index.json, ROOT/blobs/sha256/HEX   the layout
///   ROOT/recipes/HEX        the recipe of the layer with that digest
///   ROOT/origins/HEX        the repositories that have the blob with that digest, one a line
///   ROOT/cache/sha256/HEX   downloads (.deb files, indexes, weights), safe to delete but for those
///                           that recipes name
///   ROOT/cache/…            what is known of downloads, and those on their way (RemoteCache)
///   ROOT/memo.sqlite        layer key → layer, and facts; safe to delete
///   ROOT/lock               held shared by every Store (that may), exclusive by gc
///   ROOT/uploads/HEX        where an upload that broke off goes on; safe to delete
///   ROOT/locks/XX           held while a layer is made whose key begins with XX
///   ROOT/index.lock         there and held while index.json is rewritten
///
/// Several processes and threads may share one store. Every put is atomic and idempotent: success
/// means that the content *is* there, whoever put it. A memo that is corrupt or of another version
/// is set aside with one warning and made anew; nothing but speed is lost. Failures to write are
/// Fault::disk.
class Store {
 public:
  /// `read` creates nothing, needs no right to write, remembers nothing new, and takes a folder
  /// that is not there for an empty store; what `put_origin` and `take_upload_note` may not write
  /// is forgotten.
  enum class Access { write, read };
  /// Opens, or creates unless it is for reading; waits while another process collects garbage.
  /// `warn` gets a line where it waits, and where the memo had to be made anew. Fault::disk where
  /// the folder may not be written to, unless it is for reading.
  explicit Store(fs::path root,
                 const std::function<void(const std::string&)>& warn = {},
                 Access access = Access::write);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const fs::path& root() const;
  Access access() const;
  /// Whether there is a list of names that may be read.
  bool is_there() const;

  // Blobs. A blob under its name has that digest: it was hashed while it was written.
  bool has_blob(const Digest& digest) const;
  /// Size of a stored blob.
  std::optional<std::uint64_t> blob_size(const Digest& digest) const;
  fs::path blob_path(const Digest& digest) const;
  Digest put_blob(std::string_view bytes);
  /// Small blobs (manifests, configs); nullopt where it is absent; Fault::integrity where the bytes
  /// do not match.
  std::optional<std::string> read_blob(const Digest& digest, std::uint64_t limit) const;
  /// A temporary in the store to write a blob of unknown digest to; commit with
  /// AtomicFile::commit_as(blob_path(d)).
  std::unique_ptr<AtomicFile> new_blob() const;

  // The cache of downloads, same promises as blobs.
  fs::path cache_path(const Digest& digest) const;
  bool has_cached(const Digest& digest) const;
  std::unique_ptr<AtomicFile> new_cached() const;

  // Recipes and origins.
  void put_recipe(const Digest& layer, const LayerRecipe& recipe);
  std::optional<LayerRecipe> recipe(const Digest& layer) const;
  /// Remembers that `repository` (host and path) has the blob.
  void put_origin(const Digest& digest, const Reference& repository);
  std::vector<Reference> origins(const Digest& digest) const;
  BlobLocation locate(const Digest& digest) const;

  // The memo.
  /// nullopt too where the layer's bytes are neither stored nor made from a recipe any more. The
  /// recipe may be another one that gave the same layer: put yours again.
  std::optional<KnownLayer> known_layer(const Digest& key) const;
  /// Not kept where the recipe's files were not settled at `snapshot_ns`, when they were looked at.
  void remember_layer(const Digest& key,
                      const LayerRecipe& recipe,
                      std::int64_t snapshot_ns,
                      const KnownLayer& layer);
  /// Held while the layer of `key` is made, so that others wait for it instead of making it too;
  /// nullopt while somebody else holds it.
  std::optional<FileLock> try_lock_layer(const Digest& key) const;
  /// Where the upload that is called `name` goes on; see UploadNote::take.
  std::unique_ptr<UploadNote> take_upload_note(const std::string& name) const;
  /// Facts computed once per input (parsed package lists, ELF facts): text by kind and digest.
  std::optional<std::string> fact(std::string_view kind, const Digest& of) const;
  void put_fact(std::string_view kind, const Digest& of, std::string_view text);

  // Images. Names are references with a tag, or with a digest alone.
  void put_image(const Image& image);  // config and manifest blobs, no name
  /// Puts an index over `images`; returns its descriptor.
  Descriptor put_index(const std::vector<Image>& images, const Annotations& annotations);
  /// Points `name` (tag `latest` where there is neither tag nor digest) at `target`, a blob that is
  /// stored, by rewriting index.json under a lock.
  void tag(const Reference& name, const Descriptor& target);
  std::vector<StoredImage> images() const;
  /// By name (tag `latest` where there is none) or by digest.
  std::optional<Descriptor> find(const Reference& name) const;
  /// The image that `descriptor` stands for; Fault::input where a blob is gone, Fault::integrity
  /// where one is damaged.
  Image load_image(const Descriptor& descriptor) const;
  std::optional<Index> load_index(const Descriptor& descriptor) const;
  /// Removes the name; with a digest only where it names that, and without a tag every tag of it.
  /// False where nothing fits.
  bool remove(const Reference& name);

  /// Removes what no name leads to (blobs, recipes, origins), temporaries of dead processes and
  /// downloads that were broken off; with `with_cache`, the download cache too, but for what named
  /// layers are made from. Blobs that others are about to name are safe: it
  /// waits while another Store has the same root open, and is Fault::input where that takes longer
  /// than `patience` lasts. Fault::integrity, with nothing removed, where what a name needs cannot
  /// be read.
  enum class Gc { unreferenced, with_cache };
  StoreReport gc(Gc what, const Patience& patience = {});
  /// Re-hashes every blob and download and checks that every name leads to blobs, recipes whose
  /// files are unchanged, or origins. Reads all; changes nothing.
  StoreReport verify(std::size_t jobs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlpack
