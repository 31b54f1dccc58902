#include "cli/python_resolver.h"
#include "lib/oci/json_node.h"
#include "lib/python/name.h"
#include "lib/python/requirement.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t most_packages = 100'000;
constexpr std::string_view pytorch_index = "https://download.pytorch.org/whl/";

[[noreturn]] void need_uv(const std::string& why) {
  throw Error(Fault::usage, why, "install uv (`pip install uv`), which can");
}

// pip takes each name as it is, and knows of none that another implies.
std::vector<std::string> platforms_of(const PythonTarget& target) {
  std::vector<std::string> platforms;
  const SupportedTags tags(target);
  for (const std::string& tag : tags.all()) {
    std::string platform = tag.substr(tag.rfind('-') + 1);
    const bool is_new = platform != "any" &&
                        std::find(platforms.begin(), platforms.end(), platform) == platforms.end();
    if (is_new) platforms.push_back(std::move(platform));
  }
  return platforms;
}

std::string torch_requirement(const TorchWish& torch) {
  if (torch.release.empty()) return {};
  const bool is_local = torch.from == TorchWish::From::pytorch;
  return "torch==" + torch.release + (is_local ? "+" + torch.build : "") + "\n";
}

std::string pins(const std::vector<LockedWheel>& wheels) {
  std::string text;
  for (const LockedWheel& wheel : wheels) {
    // A direct reference is its own pin.
    if (wheel.reference == LockedWheel::Reference::direct) continue;
    text += fmt::format("{}=={}\n", wheel.name, wheel.version);
  }
  return text;
}

// A basic string of TOML.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump();
}

std::string package_of(const JsonNode& item) {
  const JsonNode metadata = item.at("metadata");
  const JsonNode file = item.at("download_info");
  const auto archive = file.find("archive_info");
  if (!archive) file.refuse("is no file");
  std::string hash = archive->text_or_empty("hash");
  const auto hashes = archive->find("hashes");
  if (hashes) hash = "sha256=" + hashes->text_or_empty("sha256");
  constexpr std::string_view kind = "sha256=";
  if (!hash.starts_with(kind)) archive->refuse("has no sha256");
  const std::string url = file.at("url").text();
  const auto direct = item.find("is_direct");
  const bool is_direct = direct && direct->boolean();
  // What lies in a folder of wheels is found there again.
  const auto path = is_direct ? path_of_file_url(url) : std::nullopt;
  const std::string place = fmt::format("{{{} = {}, hashes = {{sha256 = {}}}}}",
                                        path ? "path" : "url",
                                        quoted(path.value_or(url)),
                                        quoted(hash.substr(kind.size())));
  return fmt::format("[[packages]]\nname = {}\nversion = {}\n{}\n",
                     quoted(metadata.at("name").text()),
                     quoted(metadata.at("version").text()),
                     is_direct ? "archive = " + place : "wheels = [" + place + "]");
}

[[noreturn]] void refuse_markers(const MarkerEnvironment& ran,
                                 const PythonFacts& facts,
                                 const std::string& why) {
  const auto has = ran.values.find("python_full_version");
  need_uv(
      fmt::format("there is no `uv` on the PATH, and pip, which runs with Python {} on this "
                  "machine, cannot resolve packages for {} on {}{}",
                  has == ran.values.end() ? "" : printable(has->second),
                  facts.version,
                  facts.target.machine,
                  why));
}

// Markers are those of the Python that pip runs with, whatever it is told.
MarkerEnvironment environment_of_report(const JsonNode& environment, const PythonFacts& facts) {
  MarkerEnvironment ran;
  for (const auto& [name, value] : environment.text_map())
    ran.values.insert_or_assign(name, value);
  for (const char* const name : {"python_version", "platform_machine", "sys_platform"}) {
    const auto wanted = facts.markers.values.find(name);
    if (wanted == facts.markers.values.end() || wanted->second == ran.values[name]) continue;
    refuse_markers(ran, facts, {});
  }
  return ran;
}

// A marker that does not hold in the image as it does where pip runs changes what is needed.
void check_markers(const std::vector<std::string>& requirements,
                   MarkerEnvironment ran,
                   const PythonFacts& facts,
                   const std::vector<std::string>& extras) {
  MarkerEnvironment image = facts.markers;
  for (const std::string& extra : extras) {
    ran.extras.insert(normalized_name(extra));
    image.extras.insert(normalized_name(extra));
  }
  for (const std::string& text : requirements) {
    const auto read = parse_requirement(text);
    if (!read || read->marker.empty()) continue;
    if (evaluate_marker(read->marker, ran) == evaluate_marker(read->marker, image)) continue;
    refuse_markers(
        ran, facts, fmt::format(": `{}` is wanted in one of them alone", printable(text)));
  }
}

void check_dependencies(const JsonNode& item,
                        const MarkerEnvironment& ran,
                        const PythonFacts& facts) {
  const auto requirements = item.at("metadata").find("requires_dist");
  const auto extras = item.find("requested_extras");
  if (!requirements) return;
  check_markers(requirements->text_list(),
                ran,
                facts,
                extras ? extras->text_list() : std::vector<std::string>{});
}

}  // namespace

ResolverCommand pip_command(const PythonQuestion& question) {
  const Python& python = question.spec.python->value;
  const bool is_project = python.requirements && python.requirements->extension() == ".toml";
  if (python.lock || is_project) {
    need_uv(fmt::format("there is no `uv` on the PATH, and pip cannot resolve `{}`",
                        printable((python.lock ? *python.lock : *python.requirements).string())));
  }
  ResolverCommand command;
  auto& words = command.words;
  words = {"install",
           "--dry-run",
           "--ignore-installed",
           "--only-binary=:all:",
           "--report",
           "{}/report.json",
           "--target",
           "{}/none",
           "--implementation",
           "cp",
           "--python-version",
           question.facts.version};
  command.result = "report.json";
  for (const std::string& platform : platforms_of(question.facts.target))
    words.insert(words.end(), {"--platform", platform});
  const std::string kept = pins(question.pins.preferred);
  if (!kept.empty()) {
    command.files = {{"pins.txt", kept}};
    words.insert(words.end(), {"--constraint", "{}/pins.txt"});
  }
  if (python.requirements) {
    words.insert(words.end(), {"--requirement", fs::absolute(*python.requirements).string()});
  }
  command.input = torch_requirement(question.torch);
  if (!python.packages.empty()) command.input += join(python.packages, "\n") + "\n";
  if (command.input.empty()) return command;
  // Not among its arguments, where others could read what URLs hold.
  command.files.emplace_back("packages.txt", command.input);
  words.insert(words.end(), {"--requirement", "{}/packages.txt"});
  return command;
}

void check_for_pip(const RequirementsFile& file, const Python& python) {
  const bool is_one =
      file.index_url.empty() || python.index_url.empty() || file.index_url == python.index_url;
  if (!is_one) {
    need_uv(
        fmt::format("there is no `uv` on the PATH, and pip would ask the index of `{}`, not "
                    "`index_url`",
                    printable(python.requirements->string())));
  }
  for (const LocalRequirement& one : file.local) {
    if (one.path.extension() == ".whl") continue;
    need_uv(fmt::format("there is no `uv` on the PATH, and pip would have to build `{}`",
                        printable(one.path.string())));
  }
}

std::vector<std::string> pip_variables(const IndexSettings& settings, const TorchWish& torch) {
  std::vector<std::string> variables{"PIP_DISABLE_PIP_VERSION_CHECK=1",
                                     "PIP_NO_INPUT=1",
                                     "PIP_PROGRESS_BAR=off",
                                     "NO_COLOR=1",
                                     "PIP_USER=0",
                                     "PIP_NO_DEPS=0",
                                     "PIP_REQUIRE_HASHES=0",
                                     "PIP_REQUIRE_VIRTUALENV=0"};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) variables.push_back(fmt::format("{}={}", name, value));
  };
  std::vector<std::string> extra = settings.extra_index_urls;
  if (torch.from == TorchWish::From::pytorch) {
    extra.push_back(std::string(pytorch_index) + torch.build);
  }
  add("PIP_INDEX_URL", settings.index_url);
  add("PIP_EXTRA_INDEX_URL", join(extra, " "));
  add("PIP_FIND_LINKS", join(listed_places(settings.find_links), " "));
  if (settings.index == IndexSettings::Index::none) add("PIP_NO_INDEX", "1");
  return variables;
}

std::string pylock_of_report(const std::string& report,
                             const PythonFacts& facts,
                             const std::vector<std::string>& asked) {
  const Document document{"pip's report", Fault::incompatible, "install uv: `pip install uv`"};
  const nlohmann::ordered_json json = parse_document(report, document);
  const JsonNode node(json, document);
  const MarkerEnvironment ran = environment_of_report(node.at("environment"), facts);
  check_markers(asked, ran, facts, {});
  std::string text = "lock-version = \"1.0\"\ncreated-by = \"pip\"\n";
  const std::vector<JsonNode> packages = node.at("install").items(most_packages);
  if (packages.empty()) text += "packages = []\n";
  for (const JsonNode& item : packages) {
    check_dependencies(item, ran, facts);
    text += package_of(item);
  }
  return text;
}

}  // namespace mlpack
