#include "lib/resolve/rules_image.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mlpack {
namespace {

Ruling library_fits(const Catalog& catalog,
                    std::string_view library,
                    const Version& needed,
                    const std::optional<Version>& had,
                    const Distro& base) {
  const std::vector<const CatalogRow*> evidence{base.row, &catalog.fact_row("distro.loader")};
  if (!had) {
    return {Verdict::unknown, fmt::format("no {} of {} is known", library, base.id), evidence};
  }
  const bool fits = *had >= needed;
  return {
      fits ? Verdict::yes : Verdict::no,
      fmt::format("{} {} is needed, and {} has {}", library, needed.text(), base.id, had->text()),
      evidence};
}

// `manylinux_2_28_x86_64` → 2.28; the older names are aliases in the catalog.
std::optional<Version> glibc_of(const Catalog& catalog, std::string_view tag) {
  for (const ManylinuxTag& row : catalog.manylinux_tags()) {
    for (const std::string_view alias : row.aliases) {
      if (tag == alias || tag.starts_with(fmt::format("{}_", alias))) return row.glibc_min;
    }
  }
  const std::vector<std::string_view> parts = split(tag, '_');
  if (parts.size() < 3 || parts[0] != "manylinux") return std::nullopt;
  return Version::parse(fmt::format("{}.{}", parts[1], parts[2]));
}

Ruling musl_fits(const Catalog& catalog, std::string_view tag, const Distro& base) {
  const bool fits = tag.starts_with("musllinux") == (base.libc == Distro::Libc::musl);
  return {fits ? Verdict::yes : Verdict::no,
          fmt::format("{} is for {}, and {} has {}",
                      tag,
                      tag.starts_with("musllinux") ? "musl" : "glibc",
                      base.id,
                      base.libc == Distro::Libc::musl ? "musl" : "glibc"),
          {base.row, &catalog.fact_row("wheel.musl")}};
}

Ruling tag_fits(const Catalog& catalog, std::string_view tag, const Distro& base) {
  if (tag == "any") {
    return {Verdict::yes, "the wheel holds no binary code", {&catalog.fact_row("wheel.musl")}};
  }
  Ruling libc = musl_fits(catalog, tag, base);
  if (libc.verdict == Verdict::no || tag.starts_with("musllinux")) return libc;
  const std::optional<Version> needed = glibc_of(catalog, tag);
  if (!needed) {
    return {Verdict::unknown,
            fmt::format("the tag `{}` does not say what C library it needs", printable(tag)),
            {&catalog.fact_row("wheel.linux_tag")}};
  }
  Ruling answer = glibc_fits(catalog, *needed, base);
  answer.evidence.push_back(&catalog.fact_row("wheel.perennial"));
  return answer;
}

}  // namespace

Ruling glibc_fits(const Catalog& catalog, const Version& needed, const Distro& base) {
  return library_fits(catalog, "glibc", needed, base.glibc, base);
}

Ruling libstdcxx_fits(const Catalog& catalog, const Version& needed, const Distro& base) {
  return library_fits(catalog, "GLIBCXX", needed, base.glibcxx, base);
}

Ruling wheel_fits(const Catalog& catalog, std::string_view tags, const Distro& base) {
  std::optional<Ruling> best;
  for (const std::string_view tag : split(tags, '.')) {
    Ruling answer = tag_fits(catalog, tag, base);
    if (answer.verdict == Verdict::yes) return answer;
    if (!best || answer.verdict == Verdict::unknown) best = std::move(answer);
  }
  best->evidence.push_back(&catalog.fact_row("wheel.multi_tag"));
  return *best;
}

Ruling one_cuda_major(const Catalog& catalog, std::span<const Version> versions) {
  const CatalogRow* const fact = &catalog.fact_row("image.one_cuda_major");
  for (const Version& version : versions) {
    if (version.part(0) == versions.front().part(0)) continue;
    return {Verdict::no,
            fmt::format(
                "CUDA {} and CUDA {} are of two majors", versions.front().text(), version.text()),
            {fact}};
  }
  return {Verdict::yes, "all CUDA libraries are of one major", {fact}};
}

Ruling one_library_major(const Catalog& catalog,
                         std::string_view library,
                         std::span<const unsigned> majors) {
  const CatalogRow* const fact = &catalog.fact_row("image.one_cuda_major");
  for (const unsigned major : majors) {
    if (major == majors.front()) continue;
    return {Verdict::no,
            fmt::format("one program loads one major of {0}, not {0} {1} and {0} {2}",
                        library,
                        majors.front(),
                        major),
            {fact}};
  }
  return {Verdict::yes, fmt::format("all of {} is of one major", library), {fact}};
}

Ruling mig_slice_holds(const Catalog& catalog,
                       const Gpu& gpu,
                       std::string_view profile,
                       std::uint64_t bytes) {
  const CatalogRow* const fact = &catalog.fact_row("gpu.mig_memory");
  if (gpu.mig.empty()) {
    return {Verdict::no, fmt::format("{} has no MIG slices", gpu.name), {gpu.row, fact}};
  }
  const auto profiles = catalog.mig_profiles();
  const auto slice = std::find_if(profiles.begin(), profiles.end(), [&](const MigProfile& row) {
    return row.gpu == gpu.mig && row.profile == profile;
  });
  if (slice == profiles.end()) {
    return {Verdict::no,
            fmt::format("{} has no profile `{}`", gpu.name, printable(profile)),
            {gpu.row, fact}};
  }
  const std::optional<unsigned>& memory = slice->memory_gib;
  if (!memory) {
    return {Verdict::unknown,
            fmt::format("the profile {} of {} does not divide the memory", profile, gpu.name),
            {slice->row, fact}};
  }
  constexpr std::uint64_t gb = 1'000'000'000;
  constexpr std::uint64_t gib = 1 << 30;
  const bool holds = bytes <= *memory * gb;
  const Verdict other = bytes > *memory * gib ? Verdict::no : Verdict::unknown;
  return {holds ? Verdict::yes : other,
          fmt::format("a slice {} of {} has {} GB, and {} are needed",
                      profile,
                      gpu.name,
                      *memory,
                      human_size(bytes)),
          {slice->row, fact}};
}

}  // namespace mlpack
