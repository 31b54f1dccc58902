#include "lib/spec/explain.h"

#include "lib/catalog/catalog.h"
#include "lib/catalog/distributions.h"
#include "lib/catalog/runtimes.h"
#include "lib/oci/platform.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mlpack::explain {
namespace {

std::string_view last_part(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// `scheme` of `scheme:…`, in lower case; empty where there is none.
std::string scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string scheme = to_lower(text.substr(0, colon));
  const bool is_word =
      scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+.-") == std::string::npos;
  return is_word ? scheme : std::string();
}

// What is wrong with the name of an image, whether a tag is allowed or not.
std::optional<Complaint> reference(std::string_view text) {
  for (const std::string_view transport : {"docker://", "https://", "http://", "oci://"}) {
    if (text.starts_with(transport)) {
      return Complaint{
          fmt::format("begins with `{}`, which the name of an image does not", transport),
          fmt::format("write `{}`", text.substr(transport.size()))};
    }
  }
  const std::string lower = to_lower(text);
  if (lower != text) {
    return Complaint{"has upper-case letters, which the name of an image has not",
                     fmt::format("write `{}`", lower)};
  }
  return std::nullopt;
}

bool has_credentials(std::string_view text) {
  const std::size_t begin = text.find("://");
  if (begin == std::string_view::npos) return false;
  const std::string_view rest = text.substr(begin + 3);
  return rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string_view::npos;
}

std::optional<Complaint> credentials(std::string_view text) {
  if (!has_credentials(text)) return std::nullopt;
  return Complaint{"has credentials in the URL, which would end up in the lock and in logs",
                   "remove them; use ~/.netrc or the environment of the build"};
}

}  // namespace

std::optional<Complaint> image(std::string_view text) {
  const std::string_view last = last_part(text);
  const std::size_t digest = last.find('@');
  const std::size_t tag = last.substr(0, digest).find(':');
  const bool has_tag = tag != std::string_view::npos && text.find("://") == std::string_view::npos;
  if (!has_tag && digest != std::string_view::npos) {
    return Complaint{"must be a repository without a digest", "a build prints the digest it makes"};
  }
  if (has_tag) {
    const std::string_view repository = text.substr(0, text.size() - (last.size() - tag));
    const std::string shown = printable(last.substr(tag, digest - tag));
    return Complaint{
        fmt::format("must be a repository without a tag, but has the tag `{}`", shown),
        fmt::format("write `{}`, and build with `-t {}`", printable(repository), shown)};
  }
  return reference(text);
}

std::optional<Complaint> base(std::string_view text) {
  const std::string scheme = scheme_of(text);
  if (scheme == "oci" && !text.starts_with("oci://")) {
    return Complaint{"names no OCI layout", "write `oci:PATH` or `oci:PATH:TAG`"};
  }
  for (const std::string_view archive :
       {"oci-archive", "docker-archive", "docker-daemon", "containers-storage", "dir"}) {
    if (scheme == archive) {
      return Complaint{fmt::format("is a `{}:`, which cannot be a base", archive),
                       "convert it: `skopeo copy SOURCE oci:PATH:TAG`, then `base: oci:PATH:TAG`"};
    }
  }
  const std::string_view name = text.substr(0, text.find('@'));
  if (name.find("://") != std::string_view::npos) return reference(text);
  // Tags may have upper case; only the name before one is looked at.
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  auto complaint = reference(name.substr(0, colon));
  if (complaint && colon != std::string_view::npos) {
    complaint->hint =
        fmt::format("write `{}{}`", to_lower(name.substr(0, colon)), printable(text.substr(colon)));
  }
  return complaint;
}

std::optional<Complaint> debian(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const Distribution& row : distributions()) {
    if (row.version == lower || row.codename == lower) {
      return Complaint{fmt::format("must be a codename, not `{}`", printable(text)),
                       fmt::format("write `{}`", row.codename)};
    }
  }
  return std::nullopt;
}

std::optional<Complaint> platform(std::string_view text) {
  if (const auto known = Platform::parse(text)) {
    return Complaint{fmt::format("must be written `{}`, not `{}`", known->text(), printable(text)),
                     {}};
  }
  if (to_lower(text).starts_with("windows") || to_lower(text).starts_with("darwin")) {
    return Complaint{fmt::format("must be a Linux platform, not `{}`", printable(text)), {}};
  }
  return std::nullopt;
}

std::optional<Complaint> url(std::string_view text) {
  return credentials(text);
}

std::optional<Complaint> weights_source(std::string_view text) {
  const std::string scheme = scheme_of(text);
  if (scheme == "gs" || scheme == "gcs") {
    return Complaint{"is in Google Cloud Storage, which is not supported",
                     "copy it first (`gcloud storage cp -r gs://… weights/`), or use its S3 "
                     "endpoint: `s3://BUCKET/PREFIX`"};
  }
  if (scheme == "http") {
    return Complaint{"is plain HTTP, which anybody on the way can change", "use `https://`"};
  }
  if (scheme == "https") {
    if (auto complaint = credentials(text)) return complaint;
    return Complaint{"has a fragment that is no hash", "end it with `#sha256=` and 64 hex digits"};
  }
  if (scheme == "hf") {
    return Complaint{fmt::format("is no model on the hub: `{}`", printable(text.substr(0, 100))),
                     "write `hf://ORGANISATION/MODEL` or `hf://ORGANISATION/MODEL@REVISION`"};
  }
  if (scheme == "oci") {
    return Complaint{fmt::format("is no reference: `{}`", printable(text.substr(0, 100))),
                     "write `oci://REGISTRY/REPOSITORY:TAG`"};
  }
  if (scheme == "s3") {
    return Complaint{fmt::format("is no bucket: `{}`", printable(text.substr(0, 100))),
                     "write `s3://BUCKET` or `s3://BUCKET/PREFIX`"};
  }
  if (scheme.empty()) return std::nullopt;
  return Complaint{fmt::format("begins with `{}:`, which is no kind of source", scheme),
                   "a source is a path, or begins with hf://, https://, oci:// or s3://; a path "
                   "with a colon begins with `./`"};
}

std::optional<Complaint> file_source(std::string_view text) {
  if (text.find("://") == std::string_view::npos) return std::nullopt;
  return Complaint{"must be a path on this machine; nothing is downloaded for `files`",
                   "only `weights` take URLs"};
}

std::optional<Complaint> absolute_path(std::string_view text) {
  if (!text.starts_with('/')) {
    return Complaint{fmt::format("must be an absolute path in the image, not `{}`",
                                 printable(text.substr(0, 60))),
                     fmt::format("write `/{}`", printable(text.substr(0, 60)))};
  }
  return std::nullopt;
}

std::optional<Complaint> target(std::string_view text) {
  for (const std::string_view mounted : {"/proc", "/sys", "/dev"}) {
    const bool is_below =
        text.starts_with(mounted) && (text.size() == mounted.size() || text[mounted.size()] == '/');
    if (!is_below) continue;
    return Complaint{
        fmt::format("lies in `{}`, which is mounted over when the image runs", mounted),
        text.starts_with("/dev/shm") ? "`/dev/shm` is there in any case; `resources: {shm: 1Gi}` "
                                       "says how large it has to be"
                                     : "choose another folder, such as `/app` or `/data`"};
  }
  return absolute_path(text);
}

std::optional<Complaint> writable_path(std::string_view text) {
  if (text != "/") return target(text);
  return Complaint{"is the root of the image, which the image's user cannot be given",
                   "name the folders that are written to, such as `/data`"};
}

std::optional<Complaint> gpu(std::string_view text, const Catalog& catalog) {
  if (text == "cpu") {
    return Complaint{"must be a GPU, and `cpu` is none", "write `cpu` alone in place of the map"};
  }
  const std::size_t colon = text.rfind(':');
  const std::string_view name = text.substr(0, colon);
  const std::string_view count = text.substr(std::min(text.size(), name.size() + 1));
  if (catalog.find_gpu(name) && !count.starts_with('0') && parse_number(count, 999)) {
    return Complaint{fmt::format("must be the name alone, not `{}`", printable(text)),
                     fmt::format("write `gpu: {}, count: {}`", name, count)};
  }
  if (catalog.find_gpu(name) || name == "cpu") {
    return Complaint{fmt::format("has a bad count: `{}`", printable(text.substr(0, 60))),
                     "write GPU:COUNT with a count from 1 to 999; `cpu` has none"};
  }
  const std::string shown = printable(name.substr(0, 60));
  if (const auto vendor = catalog.other_vendor(name)) {
    return Complaint{
        fmt::format(
            "names `{}`, a device of {}, but only NVIDIA GPUs are supported", shown, *vendor),
        "remove the row, or write `cpu` for machines without an NVIDIA GPU"};
  }
  const auto near = catalog.near_gpus(name, 5);
  return Complaint{fmt::format("names `{}`, which is no GPU that mlpack knows", shown),
                   near.empty()
                       ? "names are those of nvidia-smi or their short forms: `L4`, `A100-80GB`"
                       : fmt::format("near it: {}", fmt::join(near, ", "))};
}

std::optional<Complaint> runtime(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const ServingRuntime& row : serving_runtimes()) {
    const bool alias =
        std::find(row.aliases.begin(), row.aliases.end(), lower) != row.aliases.end();
    if (!alias && row.name != lower) continue;
    return Complaint{fmt::format("names no runtime: `{}`", printable(text)),
                     fmt::format("{} is called `{}` here", row.title, row.name)};
  }
  return std::nullopt;
}

std::optional<Complaint> requirements(std::string_view text) {
  const std::string name = to_lower(last_part(text));
  if (name == "environment.yml" || name == "environment.yaml" || name.starts_with("conda-lock")) {
    return Complaint{"is a conda file, and only Python wheels can be installed",
                     "list the packages in a requirements.txt: `pip list --format=freeze`"};
  }
  if (name == "poetry.lock") {
    return Complaint{"is a poetry file",
                     "export it: `poetry export -f requirements.txt -o requirements.txt`"};
  }
  if (name == "pipfile" || name == "pipfile.lock") {
    return Complaint{"is a pipenv file", "export it: `pipenv requirements > requirements.txt`"};
  }
  if (name == "setup.py" || name == "setup.cfg") {
    return Complaint{"is a package's own build file, and nothing is built from source",
                     "list its packages in a requirements.txt"};
  }
  if (name == "uv.lock" || name.starts_with("pylock")) {
    return Complaint{"is a lock file", fmt::format("write `lock: {}`", printable(text))};
  }
  return std::nullopt;
}

std::optional<Complaint> lock(std::string_view text) {
  if (auto complaint = requirements(text)) return complaint;
  if (last_part(text).ends_with(".txt")) {
    return Complaint{"is a requirements file",
                     fmt::format("write `requirements: {}`", printable(text))};
  }
  return std::nullopt;
}

std::optional<Complaint> requirement(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return Complaint{"names a URL",
                     "write it into a file of requirements: `requirements: requirements.txt`"};
  }
  const std::size_t sign = text.find('=');
  if (sign == std::string_view::npos || text.substr(sign, 2) == "==") return std::nullopt;
  if (sign > 0 && std::string_view("<>!~").find(text[sign - 1]) < 4) return std::nullopt;
  return Complaint{
      fmt::format("is no requirement: `{}`", printable(text.substr(0, 60))),
      fmt::format(
          "write `{}={}`", printable(text.substr(0, sign)), printable(text.substr(sign, 60)))};
}

std::optional<Complaint> system_package(std::string_view text) {
  const std::size_t sign = text.find_first_of("=:");
  if (sign != std::string_view::npos && sign > 0) {
    return Complaint{
        fmt::format("must be a package's name alone, not `{}`", printable(text.substr(0, 60))),
        fmt::format("write `{}`; the lock keeps versions", printable(text.substr(0, sign)))};
  }
  if (text.starts_with("http") || text.ends_with(".deb")) {
    return Complaint{"must be a package's name, not a file",
                     "packages come from the distribution's archive"};
  }
  return std::nullopt;
}

std::optional<Complaint> secret_name(std::string_view text) {
  if (text.find('=') == std::string_view::npos) return std::nullopt;
  return Complaint{"must be a name alone, without a value",
                   "give the value where the image runs; it must not be in the spec"};
}

}  // namespace mlpack::explain
