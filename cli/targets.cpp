#include "cli/targets.h"

#include "lib/oci/referrers.h"
#include "lib/output.h"
#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace mlpack {
namespace {

Reference target_name(const std::string& own, const std::string& tag) {
  const Reference name = parse_reference(tag.starts_with(":") ? own + tag : tag);
  if (name.digest()) {
    throw Error(Fault::usage,
                fmt::format("`-t {}` names a digest, which only the build can tell", tag),
                "give a tag, such as `:1`");
  }
  return name.with_default_tag();
}

// What a second output must not write to as well: a file, or a tag of a layout.
std::string place_text(const ArchiveLocation& location) {
  if (location.path == "-") return "-";
  const std::string place = place_of(location.path).string();
  return location.is_layout() ? place + ":" + location.tag : place;
}

// One path cannot be an archive and a layout.
void check_kinds(const std::vector<ArchiveLocation>& locations,
                 const std::vector<std::string>& outputs) {
  std::map<fs::path, std::size_t> first_at;
  for (std::size_t i = 0; i < locations.size(); ++i) {
    if (locations[i].path == "-") continue;
    const auto first = first_at.emplace(place_of(locations[i].path), i).first->second;
    if (locations[first].is_layout() == locations[i].is_layout()) continue;
    throw Error(Fault::usage,
                fmt::format("`-o {}` and `-o {}` would make one path a file and a folder",
                            printable(outputs[first]),
                            printable(outputs[i])),
                "write one of them somewhere else");
  }
}

[[noreturn]] void refuse_same_place(const std::string& first,
                                    const std::string& second,
                                    const ArchiveLocation& location) {
  if (location.path == "-") {
    throw Error(Fault::usage,
                fmt::format("`-o {}` and `-o {}` are both stdout", first, second),
                "write one of them to a file");
  }
  const bool layout = location.is_layout();
  throw Error(
      Fault::usage,
      fmt::format("`-o {}` and `-o {}` would write the same {}",
                  printable(first),
                  printable(second),
                  layout ? "tag" : "file"),
      layout ? "give one of them another tag or folder" : "write one of them to another file");
}

}  // namespace

std::vector<Reference> target_names(const Spec& spec, const std::vector<std::string>& tags) {
  const std::string own = spec.image ? spec.image->value : spec.name;
  if (tags.empty()) return {parse_reference(own).with_default_tag()};
  std::vector<Reference> names;
  for (const std::string& tag : tags) {
    const Reference name = target_name(own, tag);
    if (subject_of_tag(name.tag().value_or(""))) {
      throw Error(Fault::usage,
                  fmt::format("`{}` cannot be the name of an image", name.text()),
                  "tags of the form `sha256-DIGEST` lead to what refers to an image (referrers)");
    }
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void require_own_names(const std::vector<Wish>& wishes) {
  std::map<std::string, std::string> specs;
  for (const Wish& wish : wishes) {
    const std::string spec = printable(wish.spec.file.string());
    for (const Reference& name : wish.names) {
      const auto [first, is_new] = specs.emplace(name.text(), spec);
      if (is_new) continue;
      throw Error(
          Fault::usage,
          fmt::format(
              "the images of `{}` and `{}` would both be `{}`", first->second, spec, name.text()),
          "give the specs a `name` or `image` of their own, or build them one by one with `-t`");
    }
  }
}

void require_hosts(const std::vector<Reference>& names) {
  for (const Reference& name : names) {
    if (!name.is_local()) continue;
    throw Error(Fault::usage,
                fmt::format("`{}` names no registry to push to", name.text()),
                fmt::format("name one: `registry.example.com/{}`", name.text()));
  }
}

std::vector<ArchiveLocation> output_locations(const std::vector<std::string>& outputs,
                                              const Reference& name) {
  std::vector<ArchiveLocation> locations;
  std::map<std::string, std::string> options;
  for (const std::string& output : outputs) {
    ArchiveLocation location = parse_archive_location(output);
    const bool docker = location.kind == ArchiveLocation::Kind::docker_archive;
    if (location.tag.empty() && !docker) location.tag = name.tag().value_or("latest");
    const auto [first, is_new] = options.emplace(place_text(location), output);
    if (!is_new) refuse_same_place(first->second, output, location);
    locations.push_back(std::move(location));
  }
  check_kinds(locations, outputs);
  return locations;
}

std::vector<Platform> platforms_of(const Spec& spec,
                                   Terminal& terminal,
                                   const std::optional<Platform>& locked) {
  std::vector<Platform> platforms;
  platforms.reserve(spec.platforms.size());
  for (const auto& platform : spec.platforms)
    platforms.push_back(platform.value);
  if (spec.platforms_from == Spec::PlatformsFrom::fleet) {
    std::vector<std::string> names;
    for (const Platform& platform : platforms)
      names.push_back(platform.text());
    terminal.note(
        fmt::format("platform: {}, which the machines of `fleet` need", join(names, " and ")));
  }
  if (!platforms.empty()) return platforms;
  if (locked) return {*locked};
  terminal.note(fmt::format("platform: {}, this machine's", Platform::host().text()));
  return {Platform::host()};
}

std::optional<Platform> parse_platform_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (auto platform = Platform::parse(text)) return platform;
  throw Error(Fault::usage,
              fmt::format("`--platform` does not know `{}`", printable(text)),
              "such as linux/amd64 or linux/arm64");
}

bool writes_to_stdout(const std::vector<std::string>& outputs) {
  return std::any_of(outputs.begin(), outputs.end(), [](const std::string& output) {
    return parse_archive_location(output).path == "-";
  });
}

std::int64_t creation_time(const Environment& environment) {
  constexpr std::uint64_t end_of_9999 = 253'402'300'799;
  const auto text = environment("SOURCE_DATE_EPOCH");
  if (!text) return 0;
  if (const auto seconds = parse_number(*text, end_of_9999)) {
    return static_cast<std::int64_t>(*seconds);
  }
  throw Error(Fault::usage,
              fmt::format("SOURCE_DATE_EPOCH is `{}`, which is no time", printable(*text)),
              "give seconds since 1970 as digits, such as `$(git log -1 --format=%ct)`");
}

std::vector<NamedText> named_texts(const std::string& option,
                                   const std::vector<std::string>& words) {
  std::vector<NamedText> texts;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      fail(Fault::usage, "`{}` wants NAME=VALUE, not `{}`", option, printable(mask_secrets(word)));
    }
    texts.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return texts;
}

}  // namespace mlpack
