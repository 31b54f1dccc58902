#include "cli/app.h"

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/report.h"
#include "cli/result.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <new>
#include <optional>
#include <system_error>

namespace mlpack {
namespace {

constexpr std::string_view bug_hint =
    "this is a bug in mlpack: please report it with the command line and the version";

Error unexpected(const std::exception& error) {
  return Error(Fault::internal,
               fmt::format("something unexpected happened: {}", error.what()),
               std::string(bug_hint));
}

Error no_thread() {
  return Error(Fault::disk, "the system has no thread to give", "raise the limit of processes");
}

// What went wrong in `work`, if anything did. The one place where failures end.
std::optional<Error> attempt(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(Fault::disk, "out of memory", "raise the limit of memory, or lower `--jobs`");
  } catch (const std::system_error& error) {
    return error.code() == std::errc::resource_unavailable_try_again ? no_thread()
                                                                     : unexpected(error);
  } catch (const std::exception& error) {
    return unexpected(error);
  } catch (...) {
    return Error(Fault::internal, "something unexpected happened", std::string(bug_hint));
  }
}

void check_choice(const std::string& option,
                  const std::string& value,
                  std::initializer_list<std::string_view> choices) {
  if (value.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return;
  throw Error(Fault::usage,
              fmt::format("`{}` does not know `{}`", option, printable(value)),
              fmt::format("one of: {}", fmt::join(choices, ", ")));
}

void check_options(const GlobalOptions& options) {
  check_choice("--progress", options.progress, {"auto", "tty", "plain", "none"});
  check_choice("--color", options.color, {"auto", "always", "never"});
  if (options.quiet && options.verbose) {
    fail(Fault::usage, "`--quiet` and `--verbose` exclude each other");
  }
}

TerminalSettings terminal_settings(const GlobalOptions& options, const Surroundings& around) {
  TerminalSettings settings;
  settings.progress =
      options.quiet ? ProgressStyle::none : choose_progress(options.progress, around.terminal);
  settings.verbosity = options.quiet     ? Verbosity::quiet
                       : options.verbose ? Verbosity::verbose
                                         : Verbosity::normal;
  settings.color = choose_color(options.color, around.terminal);
  settings.width = around.width;
  settings.clock = around.clock;
  return settings;
}

fs::path store_folder(const GlobalOptions& options, const Environment& environment) {
  if (!options.store.empty()) return options.store;
  if (const auto folder = environment("MLPACK_STORE")) return *folder;
  // The XDG base directory specification has relative paths ignored.
  const fs::path cache = environment("XDG_CACHE_HOME").value_or("");
  if (cache.is_absolute()) return cache / "mlpack";
  if (const auto home = environment("HOME")) return fs::path(*home) / ".cache/mlpack";
  return {};
}

std::size_t job_count(const GlobalOptions& options, std::size_t processors) {
  if (options.jobs.empty()) return std::max<std::size_t>(processors, 1);
  const auto count = parse_number(options.jobs, 1024);
  if (count && *count > 0) return *count;
  fail(Fault::usage, "`--jobs` wants a number from 1 to 1024, not `{}`", printable(options.jobs));
}

Settings settings_from(const GlobalOptions& options, const Surroundings& around) {
  Settings settings;
  settings.store = store_folder(options, around.environment);
  settings.format = options.json ? OutputFormat::json : OutputFormat::text;
  settings.jobs = job_count(options, around.processors);
  if (!options.jobs.empty()) settings.transfers = settings.jobs;
  settings.plain_http = options.plain_http ? PlainHttp::always : PlainHttp::loopback_only;
  settings.catalog = options.catalog;
  settings.ca = options.ca;
  settings.home = around.environment("HOME").value_or("");
  return settings;
}

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  for (const std::string_view word : split(command, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

// A command that only holds others, or none at all, cannot be run: help says what there is.
[[noreturn]] void refuse_nothing(const std::string& command) {
  const std::string prefix = command.empty() ? "" : command + " ";
  throw Error(
      Fault::usage,
      command.empty() ? "no command was given" : fmt::format("`{}` needs a command", command),
      fmt::format("run `mlpack {}--help`", prefix));
}

std::string help_of(const std::string& command,
                    const CommandTree& tree,
                    const GlobalOptions& options) {
  const auto info = describe(tree);
  const std::string text = help_text(find_command(info, words_of(command)));
  return options.json ? json_line({{"schema", 1}, {"help", text}}) : text;
}

std::string version(const GlobalOptions& options) {
  return options.json ? json_line({{"schema", 1}, {"version", MLPACK_VERSION}})
                      : "mlpack " MLPACK_VERSION "\n";
}

// The exit code of what succeeded.
int run(const std::vector<std::string>& words, GlobalOptions& options, const Surroundings& around) {
  const CommandTree tree = command_tree(options);
  const auto excused = [&options] { return options.help || options.version; };
  const Invocation invocation = parse_arguments(tree, words, excused);
  if (options.help) {
    around.out.write(as_bytes(help_of(invocation.command, tree, options)));
    return 0;
  }
  if (options.version) {
    around.out.write(as_bytes(version(options)));
    return 0;
  }
  if (!invocation.action) refuse_nothing(invocation.command);
  check_options(options);
  Terminal terminal(around.out, around.err, terminal_settings(options, around));
  const auto transport = around.open_transport(options.ca);
  World world{
      *transport, terminal, around.stop, around.environment, settings_from(options, around)};
  invocation.action(world);
  return world.exit_code;
}

// --json holds for a command line that could not be parsed, too.
bool wants_json(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

}  // namespace

int run_app(const std::vector<std::string>& words, const Surroundings& around) {
  GlobalOptions options;
  int code = 0;
  const auto error = attempt([&] { code = run(words, options, around); });
  if (!error) return code;
  const Color color = choose_color(options.color, around.terminal);
  around.err.write(as_bytes(failure_text(*error, color)));
  if (wants_json(words)) {
    // Where stdout is what failed, the message on stderr has said so.
    static_cast<void>(attempt([&] { around.out.write(as_bytes(failure_json(*error))); }));
  }
  return static_cast<int>(error->fault());
}

}  // namespace mlpack
