#pragma once

#include "lib/file.h"
#include "lib/oci/config.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/platform.h"
#include "lib/resolve/weights_facts.h"
#include "lib/spec/spec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// PATH where the base says nothing.
inline constexpr std::string_view default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One thing that was decided, and why.
struct Decision {
  std::string what;
  std::string chosen;
  std::vector<std::string> because;
};

/// What the user should know and may want to change.
struct Warning {
  std::string what;
  std::string why;
  std::string fix;
};

/// A file or folder of the user's that goes into a layer, not looked at yet.
struct PlannedTree {
  fs::path source;
  std::string target;                // absolute; ends in `/` where the source lands *in* it
  std::vector<std::string> include;  // empty: everything
  std::vector<std::string> exclude;
  std::optional<unsigned> mode;                        // folders get an x for every r
  std::optional<std::pair<unsigned, unsigned>> owner;  // uid, gid; else 0:0
};

/// One entry of `weights` or `files`: what lies in layers of its own.
struct PlannedContent {
  std::string name;  // of the weights entry; the target of a files entry
  PlannedTree tree;
  Compression compression = Compression::none;
  Where where;  // the entry in the spec
};

/// The account that the image runs as, and what it may write.
struct PlannedAccount {
  enum class Passwd { write, leave };  // leave: the base has its own, which is not read
  unsigned uid = 0;
  unsigned gid = 0;
  std::string name;                   // in passwd and group
  std::string home;                   // absolute; empty: none is made
  std::vector<std::string> writable;  // absolute folders the account owns, mode 2775
  Passwd passwd = Passwd::leave;
};

/// What is known of the base before anything is decided.
struct BaseFacts {
  enum class Kind { scratch, debian, image };
  Kind kind = Kind::scratch;
  std::string name;              // as the spec names it
  std::optional<Digest> digest;  // of an image's manifest
  ImageConfig config;
};

/// A model that lies in Ollama's store, which the image is to have below `root`.
struct PlannedStore {
  std::string weights;    // the entry whose file it is; its name is the model's
  std::string root;       // absolute
  std::string model;      // the file that is the model, without a leading slash
  std::string projector;  // the same of a multimodal model's second file; else empty
  /// Blobs of text: the last part of the media type (`template`), and what they hold.
  std::vector<std::pair<std::string, std::string>> texts;
  std::string requires_release = {};  // of Ollama; empty: any
  std::string renderer = {};
  std::string parser = {};
};

/// Everything that goes into one image of one platform, with nothing left to decide.
struct Plan {
  Platform platform;
  std::vector<PlannedContent> weights;  // but for those that are layers of other images
  std::vector<PlannedContent> files;
  std::optional<PlannedStore> store;  // what becomes of the files of one of `weights`
  PlannedAccount account;
  ImageConfig config;  // whole but for diff ids and history
  Annotations annotations;
  std::uint64_t max_layer_size = 0;
  // Files of weights whose layer would be larger become shards; nullopt: none does.
  std::optional<std::uint64_t> reshard_above;
  std::vector<Decision> decisions;
  std::vector<Warning> warnings;
};

/// Decides what `spec` leaves open for `platform` on `base`. `created` is the image's time, in
/// seconds since the epoch. `facts` are for a runtime. Pure. A wish that cannot be met is
/// Fault::usage with its place in the spec.
Plan resolve(const Spec& spec,
             const Platform& platform,
             const BaseFacts& base,
             std::int64_t created,
             const RuntimeFacts& facts = {});

/// Labels through which an image says what the spec declared, for `render`, `check` and people.
namespace label {
inline constexpr std::string_view name = "dev.mlpack.name";
inline constexpr std::string_view ports = "dev.mlpack.ports";  // `http=8000,grpc=8001`
inline constexpr std::string_view readiness = "dev.mlpack.health.readiness";       // a path
inline constexpr std::string_view liveness = "dev.mlpack.health.liveness";         // a path
inline constexpr std::string_view startup = "dev.mlpack.health.startup";           // seconds
inline constexpr std::string_view runtime = "dev.mlpack.runtime";                  // `vllm`
inline constexpr std::string_view runtime_version = "dev.mlpack.runtime.version";  // `0.11.0`
inline constexpr std::string_view model = "dev.mlpack.model";      // as clients ask for it
inline constexpr std::string_view metrics = "dev.mlpack.metrics";  // `8000/metrics`
inline constexpr std::string_view weights_bytes = "dev.mlpack.weights.bytes";  // `16060522496`
inline constexpr std::string_view secrets = "dev.mlpack.secrets";  // names, comma-separated
inline constexpr std::string_view cpu = "dev.mlpack.resources.cpu";
inline constexpr std::string_view memory = "dev.mlpack.resources.memory";
inline constexpr std::string_view shm = "dev.mlpack.resources.shm";
inline constexpr std::string_view licenses = "org.opencontainers.image.licenses";
}  // namespace label

}  // namespace mlpack
