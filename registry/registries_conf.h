#pragma once

#include "lib/file.h"
#include "lib/oci/reference.h"
#include "registry/environment.h"

#include <string>
#include <string_view>
#include <vector>

namespace mlpack {

/// Whether a registry has to be spoken to over TLS with a certificate that is trusted; `optional`
/// is what registries.conf calls insecure.
enum class Tls { required, optional };

/// A name that is pulled in the place of another one.
struct PullPlace {
  Reference name;
  Tls tls = Tls::required;
};

/// What is asked for: a mirror may be meant for one of them alone. A blob is always had by digest.
enum class PullKind { tag, digest, blob };

/// registries.conf of containers/image, version 2: mirrors, other locations, blocked and insecure
/// registries. What is about short names is not looked at: a name without a registry is
/// docker.io's.
class RegistriesConf {
 public:
  /// Fault::input with the place of what is wrong.
  static RegistriesConf parse(std::string_view text, const fs::path& path);
  /// Takes the rules of `later` in; of two with the same prefix its own counts.
  void merge(RegistriesConf later);

  /// Where to pull `name` from, in this order: mirrors, then the place itself, which is always the
  /// last. Fault::gate where it is blocked.
  std::vector<PullPlace> places(const Reference& name, PullKind kind) const;
  /// Fault::gate where `name` is blocked.
  void require_allowed(const Reference& name) const;
  Tls tls_of(const Reference& name) const;

 private:
  struct Mirror {
    std::string location;
    Tls tls = Tls::required;
    enum class For { all, digests, tags } pulls = For::all;
  };
  struct Rule {
    std::string prefix;  // may begin with `*.`
    std::string location;
    Tls tls = Tls::required;
    enum class Access { open, blocked } access = Access::open;
    std::vector<Mirror> mirrors;
    fs::path file;
  };
  friend class RegistriesReader;

  const Rule* find(const Reference& name) const;

  std::vector<Rule> rules_;
};

/// The file that CONTAINERS_REGISTRIES_CONF names, alone; else the user's
/// (~/.config/containers/registries.conf) or the system's in /etc/containers, and then the files of
/// registries.conf.d beside both, in the order of their names.
RegistriesConf read_registries_conf(const Environment& environment);

}  // namespace mlpack
