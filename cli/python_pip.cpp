#include "cli/python_resolver.h"
#include "lib/oci/json_node.h"
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
  const bool is_local = url.starts_with("file://");
  const auto direct = item.find("is_direct");
  const bool is_direct = direct && direct->boolean();
  const std::string place = fmt::format("{{{} = {}, hashes = {{sha256 = {}}}}}",
                                        is_local ? "path" : "url",
                                        quoted(is_local ? url.substr(7) : url),
                                        quoted(hash.substr(kind.size())));
  return fmt::format("[[packages]]\nname = {}\nversion = {}\n{}\n",
                     quoted(metadata.at("name").text()),
                     quoted(metadata.at("version").text()),
                     is_direct ? "archive = " + place : "wheels = [" + place + "]");
}

// Markers are those of the Python that pip runs with, whatever it is told.
void check_environment(const JsonNode& environment, const PythonFacts& facts) {
  for (const char* const name : {"python_version", "platform_machine", "sys_platform"}) {
    const std::string has = environment.text_or_empty(name);
    const auto wanted = facts.markers.values.find(name);
    if (wanted == facts.markers.values.end() || wanted->second == has) continue;
    need_uv(
        fmt::format("there is no `uv` on the PATH, and pip, which runs with {} {}, cannot resolve "
                    "packages for {}",
                    name,
                    printable(has),
                    wanted->second));
  }
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
           "--quiet",
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

std::vector<std::string> pip_variables(const IndexSettings& settings, const TorchWish& torch) {
  std::vector<std::string> variables{
      "PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1", "NO_COLOR=1", "PIP_USER=0"};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) variables.push_back(fmt::format("{}={}", name, value));
  };
  std::vector<std::string> extra = settings.extra_index_urls;
  if (torch.from == TorchWish::From::pytorch) {
    extra.push_back(std::string(pytorch_index) + torch.build);
  }
  add("PIP_INDEX_URL", settings.index_url);
  add("PIP_EXTRA_INDEX_URL", join(extra, " "));
  add("PIP_FIND_LINKS", join(settings.find_links, " "));
  if (settings.index == IndexSettings::Index::none) add("PIP_NO_INDEX", "1");
  return variables;
}

std::string pylock_of_report(const std::string& report, const PythonFacts& facts) {
  const Document document{"pip's report", Fault::incompatible, "install uv: `pip install uv`"};
  const nlohmann::ordered_json json = parse_document(report, document);
  const JsonNode node(json, document);
  check_environment(node.at("environment"), facts);
  std::string text = "lock-version = \"1.0\"\ncreated-by = \"pip\"\n";
  for (const JsonNode& item : node.at("install").items(most_packages))
    text += package_of(item);
  return text;
}

}  // namespace mlpack
