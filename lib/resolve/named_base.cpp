#include "lib/resolve/named_base.h"

#include "lib/catalog/runtimes.h"
#include "lib/resolve/releases.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::string_view docker_hub = "docker.io/";

// What the same images are called elsewhere.
struct OtherName {
  std::string_view begin;
  std::string_view name;
};
constexpr OtherName other_names[] = {
    {"registry-1.docker.io/", docker_hub},
    {"registry.hub.docker.com/", docker_hub},
    {"mirror.gcr.io/", docker_hub},
    {"public.ecr.aws/docker/", docker_hub},
};

constexpr OtherName copied_names[] = {
    {"/nvidia/cuda", "docker.io/nvidia/cuda"},
    {"/nvidia/pytorch", "nvcr.io/nvidia/pytorch"},
    {"/library/", "docker.io/library/"},
};

std::string known_name(const Reference& reference) {
  const std::string name = reference.with_default_host().name();
  for (const OtherName& other : other_names) {
    if (!name.starts_with(other.begin)) continue;
    const std::string known = std::string(other.name) + name.substr(other.begin.size());
    return Reference::parse(known)->with_default_host().name();
  }
  // Of other registries those that keep the owner.
  for (const OtherName& copy : copied_names) {
    const std::size_t at = name.find(copy.begin);
    if (at != std::string::npos && name.find('/') <= at) {
      return std::string(copy.name) + name.substr(at + copy.begin.size());
    }
  }
  return name;
}

// `slim-bookworm`, `bookworm-slim`: the part that is a codename.
const Distro* distro_in(const Catalog& catalog, std::string_view tag) {
  for (const std::string_view part : split(tag, '-')) {
    const auto distros = catalog.distros();
    const auto found = std::find_if(distros.begin(), distros.end(), [&](const Distro& distro) {
      return !part.empty() && (distro.codename == part || distro.cuda_image_distro == part);
    });
    if (found != distros.end()) return &*found;
  }
  return nullptr;
}

// Of `12.4.1-cudnn-runtime-ubuntu22.04`, by the release and the distribution.
std::optional<Version> cudnn_of_tag(const Catalog& catalog, std::string_view tag) {
  if (tag.find("-cudnn") == std::string_view::npos) return std::nullopt;
  for (const CudaImage& image : catalog.cuda_images()) {
    const bool is_it = tag.starts_with(fmt::format("{}-", image.row->at("cuda"))) &&
                       tag.ends_with(fmt::format("-{}", image.distro));
    if (is_it) return image.cudnn;
  }
  return std::nullopt;
}

// `3.20` of `3.20.3-foo`: what the table knows of the parts of a tag.
const Distro* distro_of(const Catalog& catalog, std::string_view family, std::string_view tag) {
  for (const std::string_view part : split(tag, '-')) {
    std::string release(part);
    for (bool is_more = true; is_more && !release.empty();) {
      if (const Distro* found = catalog.find_distro(fmt::format("{}-{}", family, release))) {
        return found;
      }
      const std::size_t dot = release.rfind('.');
      is_more = dot != std::string::npos;
      if (is_more) release.resize(dot);
    }
  }
  return distro_in(catalog, tag);
}

// Any release of a family does where it is the C library alone that matters.
const Distro* last_of(const Catalog& catalog, std::string_view family) {
  const Distro* found = nullptr;
  for (const Distro& distro : catalog.distros()) {
    if (distro.id.starts_with(fmt::format("{}-", family))) found = &distro;
  }
  return found;
}

// `3.12-alpine3.20`, `3.12-alpine`
const Distro* distro_of_python(const Catalog& catalog, std::string_view tag) {
  constexpr std::string_view alpine = "alpine";
  const std::size_t at = tag.find(alpine);
  if (at == std::string_view::npos) return distro_in(catalog, tag);
  const Distro* const found = distro_of(catalog, alpine, tag.substr(at + alpine.size()));
  return found == nullptr ? last_of(catalog, alpine) : found;
}

// `9` of `registry.access.redhat.com/ubi9/ubi-minimal` by `registry.access.redhat.com/ubi<N>`.
std::string_view release_in_name(std::string_view name, std::string_view pattern) {
  const std::string_view begin = pattern.substr(0, pattern.find('<'));
  if (begin.size() == pattern.size() || !name.starts_with(begin)) return {};
  name.remove_prefix(begin.size());
  const std::size_t end = std::min(name.find_first_not_of("0123456789"), name.size());
  const bool is_whole = end == name.size() || name[end] == '/' || name[end] == '-';
  return is_whole ? name.substr(0, end) : std::string_view();
}

void read_os_image(BaseDemand& base,
                   const Catalog& catalog,
                   const std::string& name,
                   const std::string& tag) {
  const CatalogTable* const table = catalog.find_table("os_images");
  if (table == nullptr) return;
  for (const CatalogRow& row : table->rows) {
    const std::string_view family = row.at("image");
    for (const std::string_view text : split(row.at("names"), ',')) {
      const std::string_view pattern = trim(text);
      const std::string_view release = release_in_name(name, pattern);
      if (pattern != name && release.empty()) continue;
      base.distro = distro_of(catalog, family, release.empty() ? std::string_view(tag) : release);
      if (base.distro == nullptr && row.at("musl") == "true") {
        base.distro = last_of(catalog, family);
      }
      base.compat = CompatInImage::no;
      return;
    }
  }
}

// Of a distribution, without its package manager; a few have not even its C library.
bool read_distroless(BaseDemand& base, const Catalog& catalog, const std::string& name) {
  const CatalogTable* const table = catalog.find_table("distroless");
  if (table == nullptr) return false;
  for (const CatalogRow& row : table->rows) {
    if (row.at("image") != name) continue;
    if (!row.at("glibc").empty()) base.distro = catalog.find_distro(row.at("os"));
    base.python = Version::parse(row.at("python"));
    base.compat = CompatInImage::no;
    base.row = &row;
    return true;
  }
  return false;
}

void read_distribution(BaseDemand& base,
                       const Catalog& catalog,
                       const std::string& name,
                       const std::string& tag) {
  if (read_distroless(base, catalog, name)) return;
  const auto first = Version::parse(std::string_view(tag).substr(0, tag.find('-')));
  if (name == "docker.io/nvidia/cuda") {
    base.cuda = first;
    base.cudnn = cudnn_of_tag(catalog, tag);
    base.distro = distro_in(catalog, tag);
    // Of a digest alone it is not known whose libcuda the package has.
    if (base.cuda) base.compat = CompatInImage::yes;
  } else if (name == "docker.io/library/python") {
    if (first && first->size() > 1) base.python = first;
    base.distro = distro_of_python(catalog, tag);
    base.compat = CompatInImage::no;
  } else {
    read_os_image(base, catalog, name, tag);
  }
  const bool has_apt = base.distro != nullptr && base.distro->row->at("pkg") == "apt";
  if (has_apt && name != "docker.io/library/python") base.packaged_python = base.distro->python;
}

// `13.1.0` of `13.1.0.036`: what a toolkit is called.
std::optional<Version> toolkit_of(const std::optional<Version>& cuda) {
  if (!cuda || cuda->size() < 4) return cuda;
  return Version::parse(fmt::format("{}.{}.{}", cuda->part(0), cuda->part(1), cuda->part(2)));
}

// `vllm-openai` of `docker.io/vllm/vllm-openai`; of longer names the last two parts.
std::string_view own_name(std::string_view image) {
  const std::string_view owner = image.substr(image.find('/') + 1);
  return owner.substr(owner.find('/') + 1);
}

// Whether `name` is the image `official`, or its copy in another registry.
bool is_copy(std::string_view official, std::string_view name) {
  return official == name || name.ends_with(fmt::format("/{}", own_name(official)));
}

bool is_image(std::string_view text, const std::string& name, const std::string& tag) {
  const auto reference = Reference::parse(text);
  return reference && reference->tag() == tag && reference->with_default_host().name() == name;
}

// `2.58.0` of `2.58.0-py312-gpu`, where `pattern` is `{release}-py{python}-gpu`; empty where it is
// none. A release has no `-` in it.
std::string release_in(std::string_view tag, std::string_view pattern) {
  constexpr std::string_view release = "{release}";
  constexpr std::string_view python = "{python}";
  std::string found;
  while (!pattern.empty()) {
    std::size_t length = 1;
    if (pattern.starts_with(release)) {
      length = std::min(tag.find('-'), tag.size());
      found = tag.substr(0, length);
      pattern.remove_prefix(release.size());
    } else if (pattern.starts_with(python)) {
      length = std::min(tag.find_first_not_of("0123456789"), tag.size());
      pattern.remove_prefix(python.size());
    } else {
      if (tag.empty() || tag.front() != pattern.front()) return {};
      pattern.remove_prefix(1);
    }
    tag.remove_prefix(length);
  }
  return tag.empty() ? found : std::string();
}

// `0.5.5` and CUDA 12.9 of `v0.5.5-cu129-amd64`.
struct TagOfRelease {
  std::string_view tag;
  std::optional<Version> cuda = {};
  std::string_view processor = {};
  BaseRelease::Machines machines = BaseRelease::Machines::any;

  bool has_end(std::string_view part, std::string_view end) {
    constexpr std::string_view cuda_mark = "{cuda}";
    if (part == end) return true;
    if (!end.ends_with(cuda_mark)) return false;
    end.remove_suffix(cuda_mark.size());
    if (!part.starts_with(end) || part.size() < end.size() + 3) return false;
    const std::string_view digits = part.substr(end.size());
    if (!parse_number(digits, 999)) return false;
    cuda = Version::parse(fmt::format("{}.{}", digits.substr(0, digits.size() - 1), digits.back()));
    return cuda.has_value();
  }

  // Leaves what the pattern of the image is about.
  void take_ends(const RuntimeImage& image) {
    for (std::size_t dash = tag.rfind('-'); dash != std::string_view::npos; dash = tag.rfind('-')) {
      const std::string_view part = tag.substr(dash + 1);
      const auto& ends = image.tag_ends;
      if (std::none_of(ends.begin(), ends.end(), [&](auto end) { return has_end(part, end); }))
        return;
      if (part == "x86_64" || part == "amd64") processor = "amd64";
      if (part == "aarch64" || part == "arm64") processor = "arm64";
      if (part == "xeon") machines = BaseRelease::Machines::without_gpu;
      tag.remove_suffix(part.size() + 1);
    }
  }
};

const RuntimeRelease* row_for(const Catalog& catalog,
                              std::string_view runtime,
                              std::string_view release) {
  for (const RuntimeRelease& row : catalog.runtime_releases()) {
    if (row.runtime == runtime && covers_release(row.release, release)) return &row;
  }
  return nullptr;
}

// `latest` is none, and `3.3` moves where there are 3.3.0 and later.
bool is_release(const Catalog& catalog, std::string_view runtime, const std::string& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  const auto rows = catalog.runtime_releases();
  return row_for(catalog, runtime, text) != nullptr ||
         std::none_of(rows.begin(), rows.end(), [&](const RuntimeRelease& row) {
           return row.runtime == runtime && row.release.starts_with(text + ".");
         });
}

std::optional<BaseRelease> release_by_row(const Catalog& catalog,
                                          const std::string& name,
                                          const std::string& tag) {
  for (const RuntimeRelease& row : catalog.runtime_releases()) {
    if (is_image(row.image, name, tag))
      return BaseRelease{row.runtime, std::string(row.release), &row};
  }
  return std::nullopt;
}

std::optional<BaseRelease> release_by_template(const Catalog& catalog,
                                               const std::string& name,
                                               const std::string& tag) {
  using Machines = BaseRelease::Machines;
  for (const ServingRuntime& runtime : serving_runtimes()) {
    for (const RuntimeImage& image : runtime.images) {
      const std::size_t colon = image.image.rfind(':');
      if (!is_copy(image.image.substr(0, colon), name)) continue;
      TagOfRelease of_release{tag};
      of_release.take_ends(image);
      const std::string release = release_in(of_release.tag, image.image.substr(colon + 1));
      if (!is_release(catalog, runtime.name, release)) continue;
      const bool is_cpu = image.what == RuntimeImage::For::cpu;
      return BaseRelease{runtime.name,
                         release,
                         row_for(catalog, runtime.name, release),
                         is_cpu ? Machines::without_gpu : of_release.machines,
                         of_release.cuda,
                         of_release.processor};
    }
  }
  return std::nullopt;
}

// CUDA 13.0 of `nightly-cu130`, whatever release that is.
std::optional<Version> cuda_of_moving_tag(const std::string& name, std::string_view tag) {
  for (const ServingRuntime& runtime : serving_runtimes()) {
    for (const RuntimeImage& image : runtime.images) {
      if (!is_copy(image.image.substr(0, image.image.rfind(':')), name)) continue;
      TagOfRelease found{tag};
      for (const std::string_view part : split(tag, '-')) {
        for (const auto& end : image.tag_ends)
          found.has_end(part, end);
      }
      if (found.cuda) return found.cuda;
    }
  }
  return std::nullopt;
}

void read_release(BaseDemand& base,
                  const Catalog& catalog,
                  const std::string& name,
                  const std::string& tag) {
  base.official = release_by_row(catalog, name, tag);
  if (!base.official) base.official = release_by_template(catalog, name, tag);
  if (!base.official) base.moving_cuda = cuda_of_moving_tag(name, tag);
  base.cuda = base.official ? base.official->cuda : base.moving_cuda;
  if (!base.official) return;
  if (base.official->row == nullptr) return;
  if (base.official->machines == BaseRelease::Machines::without_gpu) return;
  const RuntimeRelease& row = *base.official->row;
  base.python = Version::parse(row.python);
  if (base.cuda) return;
  base.row = row.row;
  base.cuda = toolkit_of(row.cuda);
}

void read_ngc_pytorch(BaseDemand& base,
                      const Catalog& catalog,
                      const std::string& name,
                      const std::string& tag) {
  const CatalogTable* const table = catalog.find_table("ngc_pytorch");
  if (table == nullptr) return;
  for (const CatalogRow& row : table->rows) {
    if (!is_image(row.at("image"), name, tag)) continue;
    base.row = &row;
    base.cuda = toolkit_of(Version::parse(row.at("cuda")));
    base.python = Version::parse(row.at("python"));
  }
}

// `2.9.0-cuda12.8-cudnn9-runtime`
void read_pytorch(BaseDemand& base, std::string_view name, std::string_view tag) {
  constexpr std::string_view cuda = "cuda";
  constexpr std::string_view cudnn = "cudnn";
  if (name != "docker.io/pytorch/pytorch") return;
  base.torch = Version::parse(tag.substr(0, tag.find('-')));
  for (const std::string_view part : split(tag, '-')) {
    if (part.starts_with(cuda)) base.cuda = Version::parse(part.substr(cuda.size()));
    if (part.starts_with(cudnn)) base.cudnn = Version::parse(part.substr(cudnn.size()));
    if (part == "runtime") base.cuda_in = BaseDemand::CudaIn::own_python;
  }
}

}  // namespace

void read_base_name(BaseDemand& base, const Catalog& catalog, const Reference& reference) {
  const std::string name = known_name(reference);
  const std::string tag = reference.tag().value_or("");
  read_distribution(base, catalog, name, tag);
  if (tag.empty() || base.compat) return;
  read_release(base, catalog, name, tag);
  if (!base.official) read_ngc_pytorch(base, catalog, name, tag);
  read_pytorch(base, name, tag);
}

}  // namespace mlpack
