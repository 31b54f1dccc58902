#include "cli/python_resolve.h"

#include "cli/python_refusal.h"
#include "lib/output.h"
#include "lib/python/pylock.h"
#include "lib/text.h"
#include "lib/url_secrets.h"
#include "registry/curl_transport.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace mlpack {
namespace {

constexpr std::string_view resolution_fact = "python resolution 4";
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
  throw Error(Fault::usage,
              "`python` names packages that are not locked, and neither `uv` nor `pip`, which "
              "resolve them, is on the PATH",
              "install uv (`pip install uv`), or write a lock where it is: `uv pip compile "
              "--generate-hashes requirements.in -o requirements.txt`");
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

// With what and where a resolver runs.
struct ResolverTask {
  std::vector<std::string> variables;
  fs::path folder;
};

// A run that ended well, or what it said.
struct Run {
  std::optional<std::string> result;
  std::string said = {};
};

// The certificates of `--ca`, beside the system's: in `file`, under the names that uv, pip and its
// requests have for it, of which the last counts more than pip's own.
void trust(const fs::path& file, const World& world, HelperTask& task) {
  const CurlOptions options = curl_options(world.environment, world.settings.ca);
  write_file(file, trusted_certificates(options), 0600);
  for (const char* const variable : {"SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"})
    task.variables.push_back(fmt::format("{}={}", variable, file.string()));
}

Run run_resolver(const ResolverCommand& command,
                 const Resolver& resolver,
                 const ResolverTask& with,
                 Session& session) {
  HelperLimits limits = resolver_limits;
  limits.stop = &session.world.stop;
  const RunFolder folder(session.store);
  HelperTask task{.kind = "the resolver",
                  .hint = "run it by hand to see what it waits for",
                  .fault = Fault::network,
                  .variables = with.variables,
                  .folder = with.folder,
                  .errors = folder.path() / "said.txt"};
  for (const auto& [name, text] : command.files)
    write_file(folder.path() / name, text, 0600);
  if (!session.world.settings.ca.empty()) trust(folder.path() / "trusted.pem", session.world, task);
  HelperResult done =
      run_helper(words_in(command, resolver, folder.path()), command.input, limits, task);
  if (done.status != 0) {
    const std::string said = read_file(task.errors, resolver_limits.output);
    return {std::nullopt, shown_refusal(done.output, said)};
  }
  for (const std::string& extra :
       unknown_extras(read_file_if_exists(task.errors, resolver_limits.output).value_or("")))
    session.terminal().warn(fmt::format("{}: {}", resolver.name(), extra));
  if (command.result.empty()) return {std::move(done.output)};
  return {read_file(folder.path() / command.result, resolver_limits.output)};
}

class PipRuns {
 public:
  PipRuns(const OpenPython& open, const Resolver& resolver, Session& session)
      : question_(open.question),
        resolver_(resolver),
        session_(session),
        task_{pip_variables(open.settings, open.question.torch),
              folder_of_resolver(open.question.spec)} {}

  Run run(std::vector<LockedWheel> pins) const {
    PythonPins with = question_.pins;
    with.preferred = std::move(pins);
    const PythonQuestion question{question_.spec, question_.facts, with, question_.torch};
    return run_resolver(pip_command(question), resolver_, task_, session_);
  }

 private:
  const PythonQuestion& question_;
  const Resolver& resolver_;
  Session& session_;
  ResolverTask task_;
};

// pip has no wishes, and takes those for rules: what is in the way of the rest goes.
Run run_with_wishes(const OpenPython& open, const PipRuns& pip) {
  const PythonQuestion& question = open.question;
  const auto pins = allowed_pins(question.pins.preferred, asked_requirements(open), question.facts);
  const bool is_upgrade = !question.pins.upgraded.empty() && !pins.empty();
  if (!is_upgrade) {
    Run run = pip.run(pins);
    if (run.result || question.pins.preferred.empty()) return run;
  }
  Run free = pip.run({});
  if (!free.result || pins.empty()) return free;
  const auto kept = pins_beside(pins, *free.result, question.facts);
  if (kept.empty()) return free;
  Run run = pip.run(kept);
  return run.result ? std::move(run) : std::move(free);
}

Run run_pip(const OpenPython& open, const Resolver& resolver, Session& session) {
  check_for_pip(open.file, open.question.spec.python->value);
  Run run = run_with_wishes(open, PipRuns(open, resolver, session));
  if (run.result) {
    run.result = pylock_of_report(*run.result, open.question.facts, asked_requirements(open));
  }
  return run;
}

Run run_uv(const OpenPython& open, const Resolver& resolver, Session& session) {
  const ResolverTask task{uv_variables(open.settings), folder_of_resolver(open.question.spec)};
  ResolverCommand command = uv_command(open.question);
  // In a file of requirements uv passes over it.
  if (open.file.prereleases == RequirementsFile::Prereleases::allowed) {
    command.words.insert(command.words.end(), {"--prerelease", "allow"});
  }
  return run_resolver(command, resolver, task, session);
}

std::string resolve_now(const OpenPython& open, Session& session) {
  const Resolver resolver = find_resolver(session.world);
  const bool is_uv = resolver.kind == Resolver::Kind::uv;
  Run run = is_uv ? run_uv(open, resolver, session) : run_pip(open, resolver, session);
  if (run.result) return std::move(*run.result);
  refuse_resolution(open, resolver.name(), run.said, session);
}

// What folders of wheels hold; a wheel that was chosen is looked at where the answer is used again.
std::string wheels_of(const IndexSettings& settings) {
  std::set<std::string> wheels;
  for (const std::string& place : settings.find_links) {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(place, failed)) {
      if (entry.path().extension() != ".whl") continue;
      std::error_code gone;
      wheels.insert(fmt::format("\n{} {}", entry.path().string(), entry.file_size(gone)));
    }
  }
  return fmt::format("{}", fmt::join(wheels, ""));
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
  return Digest::of(made_of + wheels_of(open.settings) + "\n" + command.input);
}

std::string state_of(const fs::path& path) {
  std::error_code absent;
  if (!fs::is_regular_file(path, absent)) return path.string() + " -\n";
  const std::unique_ptr<Source> source = open_file(path);
  return fmt::format("{} {}\n", path.string(), digest_of(*source).hex());
}

// Of the files on this machine that an answer names: it holds as long as they are the same.
std::string state_line(const std::string& lock, const fs::path& place) {
  std::string state;
  for (const PylockPackage& package : parse_pylock(lock, place).packages) {
    if (!package.folder.empty()) state += state_of(package.folder / "pyproject.toml");
    for (const PylockWheel& wheel : package.wheels) {
      if (!wheel.file.path.empty()) state += state_of(wheel.file.path);
      if (const auto path = path_of_file_url(wheel.file.url)) state += state_of(*path);
    }
  }
  return "# " + Digest::of(state).hex() + "\n";
}

std::optional<std::string> recalled(const Digest& key, const OpenPython& open, Session& session) {
  auto known = session.store.fact(resolution_fact, key);
  if (!known || !known->starts_with(state_line(*known, open.result))) return std::nullopt;
  return known;
}

}  // namespace

fs::path folder_of_run(const Store& store) {
  return fs::absolute(store.root() / "resolver");
}

std::string resolve_python(const OpenPython& open, Session& session, Offline offline) {
  const Digest key = key_of(open);
  const bool may_recall = open.question.pins.memo == PythonPins::Memo::use;
  auto known = may_recall ? recalled(key, open, session) : std::nullopt;
  if (known) return std::move(*known);
  if (offline == Offline::yes) {
    throw Error(Fault::input,
                "what `python` names was not resolved yet, and `--offline` forbids to do it",
                "run `mlpack fetch` while there is a network, or write a lock");
  }
  std::string lock = resolve_now(open, session);
  session.store.put_fact(
      resolution_fact, key, state_line(lock, open.result) + without_url_secrets(lock));
  return lock;
}

}  // namespace mlpack
