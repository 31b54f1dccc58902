#pragma once

#include "lib/error.h"
#include "lib/file.h"
#include "lib/oci/descriptor.h"
#include "lib/oci/platform.h"
#include "lib/spec/place.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mlpack {

/// A value and where the file says it: for problems that only show later.
template <class T>
struct Located {
  T value;
  Place place;
};

/// A named value, in the order of the file.
using NamedText = std::pair<std::string, std::string>;

/// One group of machines of `fleet`.
struct FleetRow {
  std::string gpu;  // as typed, known to the catalogue; empty: the `cpu` row
  unsigned count = 1;
  std::string driver;  // empty: no promise about the driver is made
  bool is_cpu() const { return gpu.empty(); }
};

/// One value of `runtime.args`.
struct RuntimeArg {
  enum class Kind { flag, omitted, text, list, json };
  std::string key;
  Kind kind = Kind::omitted;
  std::string text;                // text: the scalar as written; json: compact JSON of a map
  std::vector<std::string> items;  // list
};

struct Runtime {
  std::string name;
  std::string version;  // empty: the newest that fits
  std::string model;    // empty: the only one of the weights that is no adapter
  std::vector<std::string> adapters;
  std::vector<RuntimeArg> args;         // of a map
  std::vector<std::string> plain_args;  // of a list: taken verbatim
  std::optional<fs::path> config;       // absolute or relative to the spec's folder
};

struct BaseAuto {};
struct BaseScratch {};
struct BaseReference {
  std::string reference;
};
struct BaseLayout {
  fs::path path;    // resolved against the spec's folder
  std::string tag;  // empty: the only image in it
};
struct BaseDebian {
  std::string codename;         // known to the catalogue
  std::string mirror;           // empty: MLPACK_DEBIAN_MIRROR, else what the host's apt uses
  std::string security_mirror;  // empty: as apt on the host, or below the mirror
  std::string snapshot;         // `20261101T000000Z`; empty: the archive as it is now
};
using Base = std::variant<BaseAuto, BaseScratch, BaseReference, BaseLayout, BaseDebian>;

struct Python {
  enum class Install { venv, base };
  std::string version;                   // empty: chosen by the resolver
  std::optional<fs::path> requirements;  // at most one of these three
  std::optional<fs::path> lock;
  std::vector<std::string> packages;
  std::vector<std::string> extras;
  std::vector<std::string> groups;
  std::string index_url;  // empty: the host's configuration
  std::vector<std::string> extra_index_urls;
  std::vector<fs::path> find_links;
  Install install = Install::venv;
};

enum class SourceKind { path, hugging_face, https, oci, s3 };

struct Weights {
  std::string name;
  SourceKind kind = SourceKind::path;
  std::string source;  // after substitution; of kind path: resolved against the spec's folder
  std::string target;  // absolute, without `//`, `.` and `..`; ends in `/` where the spec's does
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::string license;
  Compression compression = Compression::none;
  Place source_place;
};

struct FileEntry {
  fs::path source;     // resolved against the spec's folder
  std::string target;  // absolute, without `//`, `.` and `..`; ends in `/` where the spec's does
  std::vector<std::string> exclude;
  std::optional<unsigned> mode;  // permission bits; folders get an x for every r
  std::optional<std::pair<unsigned, unsigned>> owner;  // uid, gid
  std::optional<Platform> platform;                    // only in images of this platform
  Place source_place;
};

struct Port {
  std::string name;  // empty where the spec gives none
  unsigned number = 0;
};

struct Health {
  std::string readiness;              // empty: none
  std::string liveness;               // empty: none
  std::uint64_t startup_seconds = 0;  // 0: none given
};

/// A variable of `env`. `${PATH}` stands for the base's value, which the spec does not know: the
/// value is the pieces with the base's PATH between them; one piece: no reference to it.
struct EnvVariable {
  std::string name;
  std::vector<std::string> pieces;
  std::string value(std::string_view base_path) const;
};

struct Resources {
  std::string cpu;     // as written (`4`, `0.5`, `500m`); empty: none
  std::string memory;  // as written (`32Gi`)
  std::string shm;     // as written
  std::uint64_t memory_bytes = 0;
  std::uint64_t shm_bytes = 0;
};

struct LayerOptions {
  Compression compression = Compression::zstd;  // of everything but weights
  std::uint64_t max_size = std::uint64_t{5} << 30;
};

/// `mlpack.yaml`, typed and valid: what spec.md calls the user's wish. Nothing in it was looked up
/// on disk or in the network yet.
struct Spec {
  fs::path file;
  fs::path folder;  // what relative paths were resolved against
  std::string name;
  std::optional<Located<std::string>> image;  // a repository, no tag
  std::vector<Located<Platform>> platforms;   // empty: the default; line 0: of the command line
  /// fleet: it names none, and these are what its machines need.
  enum class PlatformsFrom { spec, fleet } platforms_from = PlatformsFrom::spec;
  std::vector<Located<FleetRow>> fleet;  // empty: a CPU image
  std::optional<Place> fleet_place;
  std::optional<Located<std::string>> cuda;
  std::optional<Located<Runtime>> runtime;
  Located<Base> base{BaseAuto{}, {}};
  std::optional<Located<Python>> python;
  std::vector<Located<std::string>> system_packages;
  std::vector<Located<Weights>> weights;
  std::vector<Located<FileEntry>> files;
  std::vector<std::string> writable;
  Place writable_place;
  std::optional<std::vector<std::string>> entrypoint;
  std::optional<std::vector<std::string>> run;  // a string is {"/bin/sh", "-c", text}
  std::string workdir;                          // empty: the base's
  std::vector<Port> ports;
  std::optional<Health> health;
  Place health_place;
  std::vector<EnvVariable> env;
  std::vector<std::string> secrets;
  std::string user;  // empty: the default
  Place user_place;
  std::vector<NamedText> labels;  // those of the spec, then new ones of the command line
  Resources resources;
  LayerOptions layers;

  /// `place` of this file, for an Error; what has no place of its own has line 0.
  Where where(Place place) const { return {file.string(), place.line, place.column, {}}; }
};

class Catalog;

/// What the command line says about a spec.
struct SpecOptions {
  std::vector<NamedText> variables = {};    // --var NAME=VALUE; the name must be in `variables`
  std::vector<NamedText> labels = {};       // --label KEY=VALUE; wins over the file
  std::vector<std::string> platforms = {};  // --platform; replaces those of the file
  const Catalog* catalog = nullptr;         // whose GPUs `fleet` may name; else what is compiled in
};

/// Reads and checks a spec. Throws one Error(Fault::usage) whose where() lists every problem in the
/// order of the file; a problem's message may have a second line `hint: …`. No message holds a
/// secret. Pure: reads nothing but `text`; `file` names the spec in messages and gives the folder.
Spec parse_spec(std::string_view text, const fs::path& file, const SpecOptions& options = {});

/// parse_spec of the file at `path`, or of the mlpack.yaml in the folder `path`; missing or
/// unreadable is Fault::input, more than 1 MiB Fault::usage.
Spec load_spec(const fs::path& path, const SpecOptions& options = {});

/// The file that `path` means: itself, or the mlpack.yaml in it where it is a folder.
fs::path spec_file(const fs::path& path);

/// The JSON Schema (draft-07) of the file, generated from the table that the parser uses.
std::string json_schema();

}  // namespace mlpack
