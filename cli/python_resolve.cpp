#include "cli/python_resolve.h"

#include "lib/resolve/plan.h"
#include "lib/text.h"
#include "registry/helper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr std::string_view resolution_fact = "python resolution 1";
constexpr HelperLimits uv_limits{.seconds = 900, .output = std::size_t{64} << 20};

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

// A command of uv, and what it reads on its standard input.
struct UvCommand {
  std::vector<std::string> words;  // without the program
  std::string input;
};

void add_options(std::vector<std::string>& words,
                 const std::string& option,
                 const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    words.push_back(option);
    words.push_back(name);
  }
}

// uv reads the project's settings there, and writes nothing.
std::string uv_folder(const Spec& spec) {
  const Python& python = spec.python->value;
  const fs::path named = python.lock ? *python.lock : python.requirements.value_or("");
  const fs::path folder = named.empty() ? spec.folder : named.parent_path();
  return fs::absolute(folder.empty() ? fs::path(".") : folder).string();
}

UvCommand uv_command(const Spec& spec, const PythonFacts& facts) {
  const Python& python = spec.python->value;
  UvCommand command;
  auto& words = command.words;
  if (python.lock) {
    words = {"export", "--quiet", "--frozen", "--no-emit-workspace", "--no-default-groups"};
  } else {
    words = {"pip",
             "compile",
             "--quiet",
             "--no-annotate",
             "--only-binary",
             ":all:",
             "--python-version",
             facts.version,
             "--python-platform",
             platform_of(facts.target)};
  }
  words.insert(words.end(),
               {"--directory", uv_folder(spec), "--no-header", "--format", "pylock.toml"});
  add_options(words, "--extra", python.extras);
  add_options(words, "--group", python.groups);
  if (python.requirements) words.push_back(fs::absolute(*python.requirements).string());
  if (python.packages.empty()) return command;
  words.emplace_back("-");
  command.input = join(python.packages, "\n") + "\n";
  return command;
}

// In variables, where nobody else sees them: they may hold credentials.
std::vector<std::string> uv_variables_of(const IndexSettings& settings) {
  std::vector<std::string> variables{"UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "NO_COLOR=1"};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) variables.push_back(fmt::format("{}={}", name, value));
  };
  add("UV_DEFAULT_INDEX", settings.index_url);
  add("UV_INDEX", join(settings.extra_index_urls, " "));
  add("UV_FIND_LINKS", join(settings.find_links, ","));
  if (settings.index == IndexSettings::Index::none) add("UV_NO_INDEX", "1");
  return variables;
}

// `https://user:password@host` without its middle.
std::string without_secrets(const std::string& text) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t begin = 0; (begin = text.find("://", at)) != std::string::npos;) {
    begin += 3;
    const std::size_t end = std::min(text.find_first_of("/ \t\n`'\"", begin), text.size());
    const std::size_t sign = text.rfind('@', end);
    const bool has_user = sign != std::string::npos && sign >= begin && sign < end;
    result += text.substr(at, begin - at);
    at = has_user ? sign + 1 : begin;
  }
  return result + text.substr(at);
}

// What uv says of its failure, on one line.
std::string reason_of(const std::vector<std::string>& command,
                      const std::string& input,
                      const HelperLimits& limits,
                      const HelperTask& task) {
  std::vector<std::string> loud{"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1 > /dev/null"};
  loud.insert(loud.end(), command.begin(), command.end());
  const std::string said = run_helper(loud, input, limits, task).output;
  std::string line;
  for (const std::string_view word : split(said, '\n')) {
    if (!trim(word).empty()) line += (line.empty() ? "" : " ") + std::string(trim(word));
  }
  return printable(without_secrets(line).substr(0, 4000));
}

std::string run_uv(const UvCommand& command, const IndexSettings& settings, const World& world) {
  const auto program = find_program("uv", world.environment("PATH").value_or(""));
  if (!program) {
    throw Error(
        Fault::usage,
        "`python` names packages that are not locked, and `uv`, which resolves them, is not "
        "on the PATH",
        "install it (`pip install uv`), or write a lock where it is: `uv pip compile "
        "--generate-hashes requirements.in -o requirements.txt`");
  }
  HelperLimits limits = uv_limits;
  limits.stop = &world.stop;
  const HelperTask task{"the resolver",
                        "run it by hand to see what it waits for",
                        Fault::network,
                        uv_variables_of(settings)};
  std::vector<std::string> words{*program};
  words.insert(words.end(), command.words.begin(), command.words.end());
  HelperResult result = run_helper(words, command.input, limits, task);
  if (result.status == 0) return std::move(result.output);
  throw Error(
      Fault::incompatible,
      fmt::format("uv cannot resolve `python`: {}", reason_of(words, command.input, limits, task)),
      "a package with only a source distribution needs a wheel: build it with `pip wheel`, "
      "and name its folder in `find_links`");
}

}  // namespace

std::string resolve_python(const Spec& spec,
                           const PythonFacts& facts,
                           const IndexSettings& settings,
                           const std::string& inputs,
                           Session& session,
                           Offline offline) {
  const UvCommand command = uv_command(spec, facts);
  std::string made_of = inputs;
  for (const std::string& word : command.words)
    made_of += "\n" + word;
  for (const std::string& variable : uv_variables_of(settings))
    made_of += "\n" + variable;
  const Digest key = Digest::of(made_of + "\n" + command.input);
  if (auto known = session.store.fact(resolution_fact, key)) return std::move(*known);
  if (offline == Offline::yes) {
    throw Error(Fault::input,
                "what `python` names was not resolved yet, and `--offline` forbids to do it",
                "run `mlpack fetch` while there is a network, or write a lock");
  }
  std::string lock = run_uv(command, settings, session.world);
  session.store.put_fact(resolution_fact, key, lock);
  session.terminal().note(
      "python: resolved by uv, and kept in this store alone; a pylock.toml keeps it for others");
  return lock;
}

}  // namespace mlpack
