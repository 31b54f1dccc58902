#include "cli/python_resolver.h"
#include "lib/resolve/plan.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace mlpack {
namespace {

// The versions of glibc that uv knows by name.
constexpr std::array<unsigned, 12> known_glibcs{17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40};

std::string platform_of(const PythonTarget& target) {
  if (target.machine != "x86_64" && target.machine != "aarch64") {
    throw Error(Fault::usage,
                fmt::format("uv cannot resolve packages for {}", target.machine),
                "write a pylock.toml, or a requirements.txt with `==` and `--hash=sha256:…`");
  }
  if (target.libc.kind == LibcVersion::Kind::musl) {
    return target.machine + "-unknown-linux-musl";
  }
  const auto* const newer =
      std::upper_bound(known_glibcs.begin() + 1, known_glibcs.end(), target.libc.minor);
  return fmt::format("{}-manylinux_2_{}", target.machine, *(newer - 1));
}

void add_options(std::vector<std::string>& words,
                 const std::string& option,
                 const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    words.push_back(option);
    words.push_back(name);
  }
}

// What uv takes for its own output of the last time, whose versions it keeps where it can.
std::string preferences(const std::vector<LockedWheel>& wheels) {
  std::string text = "lock-version = \"1.0\"\ncreated-by = \"mlpack\"\n";
  for (const LockedWheel& wheel : wheels) {
    text +=
        fmt::format("[[packages]]\nname = \"{}\"\nversion = \"{}\"\n", wheel.name, wheel.version);
  }
  return text;
}

std::vector<std::string> compile_words(const PythonQuestion& question) {
  std::vector<std::string> words{"pip",
                                 "compile",
                                 "--no-annotate",
                                 "--only-binary",
                                 ":all:",
                                 "--python-version",
                                 question.facts.version,
                                 "--python-platform",
                                 platform_of(question.facts.target)};
  if (question.torch.from == TorchWish::From::pytorch) {
    words.insert(words.end(), {"--torch-backend", question.torch.build});
  }
  return words;
}

// Of a folder that ends in a slash.
fs::path parent_of(const fs::path& folder) {
  return folder.parent_path().parent_path() / "";
}

}  // namespace

// uv reads the project's settings there, and writes nothing. A lock may be that of a workspace: of
// its projects the spec's is meant.
fs::path folder_of_resolver(const Spec& spec) {
  const Python& python = spec.python->value;
  const fs::path named = python.lock ? *python.lock : python.requirements.value_or("");
  const fs::path folder =
      fs::absolute((named.empty() ? spec.folder : named.parent_path()) / ".").lexically_normal();
  if (!python.lock) return folder;
  const fs::path from = fs::absolute(spec.folder / ".").lexically_normal();
  const fs::path below = from.lexically_relative(folder);
  if (below.empty() || *below.begin() == "..") return folder;
  std::error_code absent;
  for (fs::path at = from; at != folder && at.has_relative_path(); at = parent_of(at)) {
    if (fs::is_regular_file(at / "pyproject.toml", absent)) return at;
  }
  return folder;
}

std::vector<std::string> listed_places(const std::vector<std::string>& places) {
  std::vector<std::string> listed;
  for (const std::string& place : places) {
    const bool is_path = place.find("://") == std::string::npos;
    if (!is_path || place.find_first_of(", \t%") == std::string::npos) {
      listed.push_back(place);
      continue;
    }
    std::string url = "file://";
    for (const char c : place) {
      const bool is_plain = std::string_view(", \t%#?;").find(c) == std::string_view::npos;
      url += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    listed.push_back(std::move(url));
  }
  return listed;
}

ResolverCommand uv_command(const PythonQuestion& question) {
  const Python& python = question.spec.python->value;
  ResolverCommand command;
  auto& words = command.words;
  if (python.lock) {
    words = {"export", "--quiet", "--frozen", "--no-emit-project", "--no-default-groups"};
  } else {
    words = compile_words(question);
    if (!question.pins.preferred.empty()) {
      command.result = "pylock.toml";
      command.files = {{command.result, preferences(question.pins.preferred)}};
      words.insert(words.end(), {"--output-file", "{}/" + command.result});
    }
  }
  words.insert(words.end(),
               {"--directory",
                folder_of_resolver(question.spec).string(),
                "--no-header",
                "--format",
                "pylock.toml"});
  add_options(words, "--extra", python.extras);
  add_options(words, "--group", python.groups);
  if (python.requirements) words.push_back(fs::absolute(*python.requirements).string());
  std::vector<std::string> packages = python.packages;
  if (!question.torch.release.empty()) packages.push_back("torch==" + question.torch.release);
  if (packages.empty()) return command;
  words.emplace_back("-");
  command.input = join(packages, "\n") + "\n";
  return command;
}

std::vector<std::string> uv_variables(const IndexSettings& settings) {
  std::vector<std::string> variables{"UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "NO_COLOR=1"};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) variables.push_back(fmt::format("{}={}", name, value));
  };
  add("UV_DEFAULT_INDEX", settings.index_url);
  add("UV_INDEX", join(settings.extra_index_urls, " "));
  add("UV_FIND_LINKS", join(listed_places(settings.find_links), ","));
  if (settings.index == IndexSettings::Index::none) add("UV_NO_INDEX", "1");
  return variables;
}

}  // namespace mlpack
