#include "cli/python_resolve.h"

#include "cli/python_resolver.h"
#include "lib/output.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr std::string_view resolution_fact = "python resolution 2";
constexpr HelperLimits resolver_limits{.seconds = 900, .output = std::size_t{64} << 20};

// An empty folder for the length of a run.
class RunFolder {
 public:
  explicit RunFolder(const Store& store)
      : path_(fs::absolute(temporary_beside(store.root() / "resolver"))) {
    make_folders(path_);
  }
  ~RunFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Resolver {
  enum class Kind { uv, pip } kind = Kind::uv;
  ResolverProgram program;
  const char* name() const { return kind == Kind::uv ? "uv" : "pip"; }
};

Resolver find_resolver(const World& world) {
  const std::string path = world.environment("PATH").value_or("");
  if (const auto uv = find_program("uv", path)) return {Resolver::Kind::uv, {*uv}};
  for (const char* const name : {"pip3", "pip"}) {
    if (const auto pip = find_program(name, path)) return {Resolver::Kind::pip, {*pip}};
  }
  throw Error(
      Fault::usage,
      "`python` names packages that are not locked, and neither `uv` nor `pip`, which resolve "
      "them, is on the PATH",
      "install uv (`pip install uv`), or write a lock where it is: `uv pip compile "
      "--generate-hashes requirements.in -o requirements.txt`");
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

// What a resolver says of its failure, on one line.
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

std::vector<std::string> words_in(const ResolverCommand& command,
                                  const Resolver& resolver,
                                  const fs::path& folder) {
  std::vector<std::string> words = resolver.program;
  for (const std::string& word : command.words) {
    const bool is_below = word.starts_with("{}/");
    words.push_back(is_below ? (folder / word.substr(3)).string() : word);
  }
  return words;
}

// A run that ended well, or what it said.
struct Run {
  std::optional<std::string> result;
  std::string said = {};
};

Run run_resolver(const ResolverCommand& command,
                 const Resolver& resolver,
                 std::vector<std::string> variables,
                 Session& session) {
  HelperLimits limits = resolver_limits;
  limits.stop = &session.world.stop;
  const HelperTask task{"the resolver",
                        "run it by hand to see what it waits for",
                        Fault::network,
                        std::move(variables)};
  const RunFolder folder(session.store);
  for (const auto& [name, text] : command.files)
    write_file(folder.path() / name, text);
  const auto words = words_in(command, resolver, folder.path());
  HelperResult done = run_helper(words, command.input, limits, task);
  if (done.status != 0) return {std::nullopt, reason_of(words, command.input, limits, task)};
  if (command.result.empty()) return {std::move(done.output)};
  return {read_file(folder.path() / command.result, resolver_limits.output)};
}

// pip has no wishes, and takes those for rules.
PythonPins without_preferences(PythonPins pins) {
  pins.preferred.clear();
  return pins;
}

Run run_pip(const OpenPython& open, const Resolver& resolver, Session& session) {
  const PythonQuestion& question = open.question;
  const auto variables = pip_variables(open.settings, question.torch);
  Run run = run_resolver(pip_command(question), resolver, variables, session);
  if (!run.result && !question.pins.preferred.empty()) {
    const PythonPins free = without_preferences(question.pins);
    const PythonQuestion again{question.spec, question.facts, free, question.torch};
    run = run_resolver(pip_command(again), resolver, variables, session);
  }
  if (run.result) run.result = pylock_of_report(*run.result, question.facts);
  return run;
}

// As pip's urllib3 and uv's reqwest say it.
bool says_out_of_reach(std::string_view said) {
  constexpr std::array<std::string_view, 3> signs{
      "connection broken by", "error sending request for url", "Max retries exceeded"};
  return std::any_of(signs.begin(), signs.end(), [&](std::string_view sign) {
    return said.find(sign) != std::string_view::npos;
  });
}

std::string resolve_now(const OpenPython& open, Session& session) {
  const Resolver resolver = find_resolver(session.world);
  Run run =
      resolver.kind == Resolver::Kind::pip
          ? run_pip(open, resolver, session)
          : run_resolver(uv_command(open.question), resolver, uv_variables(open.settings), session);
  if (run.result) return std::move(*run.result);
  if (says_out_of_reach(run.said)) {
    throw Error(Fault::network,
                fmt::format("{} cannot reach an index: {}", resolver.name(), run.said),
                "name one that can be reached in `python.index_url`, or build with the lock of a "
                "machine that reaches it");
  }
  throw Error(Fault::incompatible,
              fmt::format("{} cannot resolve `python`: {}", resolver.name(), run.said),
              "a package with only a source distribution needs a wheel: build it with `pip wheel`, "
              "and name its folder in `find_links`",
              packages_without_wheels(open, run.said, session));
}

// What the answer depends on, beside what the world has.
Digest key_of(const OpenPython& open) {
  const ResolverCommand command = uv_command(open.question);
  std::string made_of = open.inputs;
  for (const std::string& word : command.words)
    made_of += "\n" + word;
  for (const std::string& variable : uv_variables(open.settings))
    made_of += "\n" + variable;
  for (const auto& [name, text] : command.files)
    made_of += "\n" + text;
  return Digest::of(made_of + "\n" + command.input);
}

}  // namespace

fs::path folder_of_run(const Store& store) {
  return fs::absolute(store.root() / "resolver");
}

std::string resolve_python(const OpenPython& open, Session& session, Offline offline) {
  const Digest key = key_of(open);
  const bool may_recall = open.question.pins.memo == PythonPins::Memo::use;
  auto known = may_recall ? session.store.fact(resolution_fact, key) : std::nullopt;
  if (known) return std::move(*known);
  if (offline == Offline::yes) {
    throw Error(Fault::input,
                "what `python` names was not resolved yet, and `--offline` forbids to do it",
                "run `mlpack fetch` while there is a network, or write a lock");
  }
  std::string lock = resolve_now(open, session);
  session.store.put_fact(resolution_fact, key, lock);
  return lock;
}

}  // namespace mlpack
