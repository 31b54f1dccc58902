#pragma once

#include "cli/also.h"
#include "cli/terminal.h"
#include "lib/catalog/catalog.h"
#include "lib/oci/reference.h"
#include "lib/spec/spec.h"
#include "registry/environment.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlpack {

/// The names that an image of `spec` gets: one for each -t (`:TAG` appends to the spec's `image`,
/// else its name), without any the spec's own with tag `latest`. All have a tag, none a digest, and
/// none is there twice. Fault::usage else.
std::vector<Reference> target_names(const Spec& spec, const std::vector<std::string>& tags);

/// A spec to build, and the names that its image gets; also what else is made of its weights.
struct Wish {
  Spec spec;
  std::vector<Reference> names;
  std::vector<AlsoWish> also = {};
  Catalog catalog = Catalog::built_in();
};

/// Fault::usage with both specs where two images would get one name.
void require_own_names(const std::vector<Wish>& wishes);

/// Fault::usage where a name has no registry to push to.
void require_hosts(const std::vector<Reference>& names);

/// Where -o wants the image; a layout or archive without a tag of its own gets that of `name`.
/// Fault::usage where two are stdout, the same file, or the same tag of a layout, however they are
/// spelled.
std::vector<ArchiveLocation> output_locations(const std::vector<std::string>& outputs,
                                              const Reference& name);

/// The platforms of `spec`, else the one that its lock has, else this machine's. The terminal notes
/// what the spec does not name.
std::vector<Platform> platforms_of(const Spec& spec,
                                   Terminal& terminal,
                                   const std::optional<Platform>& locked = std::nullopt);

/// The value of --platform; nullopt where it was not given, Fault::usage where it is none.
std::optional<Platform> parse_platform_option(const std::string& text);

/// True where one of `outputs` is stdout.
bool writes_to_stdout(const std::vector<std::string>& outputs);

/// The time that images are said to be made at: SOURCE_DATE_EPOCH, else 0. Fault::usage where that
/// is no number of seconds up to the year 9999.
std::int64_t creation_time(const Environment& environment);

/// `NAME=VALUE` of --var and --label; Fault::usage naming `option` where there is no `=`.
std::vector<NamedText> named_texts(const std::string& option,
                                   const std::vector<std::string>& words);

}  // namespace mlpack
