#include "layers/deb_mirror.h"

#include "layers/deb_sources.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <optional>

namespace mlpack {
namespace {

constexpr std::string_view snapshot_mark = "{snapshot}";

std::string without_trailing_slashes(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

bool is_fetchable(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://") || url.starts_with("file:///");
}

bool holds_password(std::string_view url) {
  const std::string_view host = url.substr(url.find("//") + 2);
  return host.substr(0, host.find('/')).find('@') != std::string_view::npos;
}

void check_url(const std::string& url, const char* where) {
  if (!is_fetchable(url)) {
    throw Error(Fault::usage,
                fmt::format("{} is `{}`, which is not an http://, https:// or file:/// URL",
                            where,
                            printable(url)));
  }
  if (holds_password(url)) {
    throw Error(Fault::usage,
                fmt::format("{} holds a user name or password", where),
                "put them into ~/.netrc, where they do not get into a lock or an image");
  }
}

// `URL/debian` → `URL/debian-security`, also with `/{snapshot}` behind it.
std::string security_sibling(const std::string& main, const Distribution& distribution) {
  if (distribution.security_archive.empty()) return main;
  const std::string mark = "/" + std::string(snapshot_mark);
  const std::string rest = main.ends_with(mark) ? mark : "";
  std::string archive = main.substr(0, main.size() - rest.size());
  if (archive.ends_with("/" + std::string(distribution.main_archive))) {
    archive.resize(archive.size() - distribution.main_archive.size());
    return archive.append(distribution.security_archive) + rest;
  }
  return archive + "-security" + rest;
}

std::string at_snapshot(std::string url, const std::string& snapshot) {
  if (snapshot.empty()) return url;
  const std::size_t mark = url.find(snapshot_mark);
  if (mark == std::string::npos) return url + "/" + snapshot;
  return url.replace(mark, snapshot_mark.size(), snapshot);
}

bool contains(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// A source that is signed by a key of its own is somebody else's archive, even if it names its
// suites like the distribution.
bool is_signed_by(const AptSource& source, const Distribution& distribution) {
  if (source.signed_by.empty()) return true;
  const std::string stem = fs::path(source.signed_by).stem().string();
  return std::any_of(distribution.keyrings.begin(),
                     distribution.keyrings.end(),
                     [&](std::string_view keyring) { return fs::path(keyring).stem() == stem; }) ||
         stem.starts_with(distribution.main_archive);
}

bool is_usable(const AptSource& source,
               const Distribution& distribution,
               std::string_view architecture) {
  const bool components = std::all_of(
      distribution.components.begin(), distribution.components.end(), [&](std::string_view name) {
        return contains(source.components, name);
      });
  const bool fits = source.architectures.empty() || contains(source.architectures, architecture);
  return components && fits && is_signed_by(source, distribution) && !source.uris.empty();
}

bool serves_family(const AptSource& source, const Distribution& distribution) {
  const auto releases = distributions();
  return std::any_of(releases.begin(), releases.end(), [&](const Distribution& release) {
    return release.family == distribution.family &&
           (contains(source.suites, release.release) || contains(source.suites, release.security));
  });
}

bool is_security(const AptSource& source) {
  return std::all_of(source.suites.begin(), source.suites.end(), [](const std::string& suite) {
    return suite.ends_with("-security");
  });
}

// The first URI that can be fetched of the first source that `matches`.
template <class Matches>
std::string first_uri(const std::vector<AptSource>& sources, const Matches& matches) {
  for (const AptSource& source : sources) {
    if (!matches(source)) continue;
    for (const std::string& uri : source.uris) {
      if (is_fetchable(uri) && !holds_password(uri)) return without_trailing_slashes(uri);
    }
  }
  return {};
}

[[noreturn]] void fail_without_mirror(const DebianBase& base) {
  const std::string set = "set MLPACK_DEBIAN_MIRROR";
  throw Error(
      Fault::usage,
      fmt::format("nothing says which mirror has the packages of `{}`", base.codename),
      base.installed
          ? fmt::format(
                "{} to its URL, or name a `base` that has `{}`", set, join(base.packages, "`, `"))
          : fmt::format("write `base: {{debian: {}, mirror: URL}}`, or {}", base.codename, set));
}

}  // namespace

DebianMirror mirror_of_host(const fs::path& apt_folder,
                            const Distribution& distribution,
                            std::string_view architecture) {
  std::vector<AptSource> sources = read_apt_sources(apt_folder);
  std::erase_if(sources, [&](const AptSource& source) {
    return !is_usable(source, distribution, architecture);
  });
  DebianMirror mirror;
  mirror.main = first_uri(sources, [&](const AptSource& source) {
    return contains(source.suites, distribution.release);
  });
  if (mirror.main.empty()) {
    mirror.main = first_uri(sources, [&](const AptSource& source) {
      return !is_security(source) && serves_family(source, distribution);
    });
  }
  if (mirror.main.empty()) return mirror;
  if (!distribution.security_archive.empty()) {
    mirror.security =
        first_uri(sources, [&](const AptSource& source) { return is_security(source); });
  }
  if (mirror.security.empty()) mirror.security = security_sibling(mirror.main, distribution);
  return mirror;
}

DebianMirror find_mirror(const DebianBase& base,
                         const Distribution& distribution,
                         const DebianContext& context) {
  DebianMirror mirror;
  if (!base.mirror.empty()) {
    check_url(base.mirror, "`mirror`");
    mirror.main = without_trailing_slashes(base.mirror);
  } else if (!context.environment_mirror.empty()) {
    check_url(context.environment_mirror, "`MLPACK_DEBIAN_MIRROR`");
    mirror.main = without_trailing_slashes(context.environment_mirror);
  } else {
    const std::string architecture = debian_architecture(base.platform);
    mirror = mirror_of_host(context.apt_folder, distribution, architecture);
  }
  if (mirror.main.empty()) fail_without_mirror(base);
  if (!base.security_mirror.empty()) {
    check_url(base.security_mirror, "`security_mirror`");
    mirror.security = without_trailing_slashes(base.security_mirror);
  }
  if (mirror.security.empty()) mirror.security = security_sibling(mirror.main, distribution);
  mirror.main = at_snapshot(mirror.main, base.snapshot);
  mirror.security = at_snapshot(mirror.security, base.snapshot);
  return mirror;
}

}  // namespace mlpack
