#include "cli/python_refusal.h"

#include "lib/text.h"
#include "lib/url_secrets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t longest_said = 4000;

struct Sign {
  std::string_view words;
  Refusal refusal;
};

// As pip 22 to 26 and uv 0.5 to 0.13 say it; the first that is found counts.
constexpr std::array<Sign, 54> signs{{
    {"no such option: --report", Refusal::too_old},
    {"no such option: --dry-run", Refusal::too_old},
    {"unexpected argument '--torch-backend'", Refusal::too_old},
    {"unexpected argument '--format'", Refusal::too_old},
    {"invalid value 'pylock.toml' for '--format", Refusal::too_old},
    {"unrecognized subcommand", Refusal::too_old},
    {"No space left on device", Refusal::disk},
    {"connection broken by", Refusal::unreachable},
    {"error sending request for url", Refusal::unreachable},
    {"Max retries exceeded", Refusal::unreachable},
    {"problem confirming the ssl certificate", Refusal::unreachable},
    {"401 Unauthorized", Refusal::denied},
    {"403 Forbidden", Refusal::denied},
    {"401 Client Error", Refusal::denied},
    {"403 Client Error", Refusal::denied},
    {"DO NOT MATCH THE HASHES", Refusal::hashes},
    {"Hash mismatch", Refusal::hashes},
    {"In --require-hashes mode", Refusal::half_hashed},
    {"Hashes are required in --require-hashes mode", Refusal::half_hashed},
    {"Could not open requirements file", Refusal::missing},
    {"No such file or directory", Refusal::missing},
    {"Distribution not found at: file:", Refusal::missing},
    {"Invalid requirement", Refusal::unreadable},
    {"no such option: ", Refusal::unreadable},
    {"Couldn't parse requirement", Refusal::unreadable},
    {"Error parsing included file", Refusal::unreadable},
    {"Unexpected '", Refusal::unreadable},
    {"Expected `--hash`", Refusal::unreadable},
    {"Invalid URL in", Refusal::unreadable},
    {"Failed to parse:", Refusal::unreadable},
    {"Failed to parse metadata", Refusal::unreadable},
    {"TOML parse error", Refusal::unreadable},
    {"did not contain valid UTF-8", Refusal::unreadable},
    {"Building source distributions is disabled", Refusal::project},
    {"Requested extra not found", Refusal::choice},
    {"was not found in the project", Refusal::choice},
    {"subprocess-exited-with-error", Refusal::building},
    {"metadata-generation-failed", Refusal::building},
    {"Failed to build", Refusal::building},
    {"Failed to download and build", Refusal::building},
    {"Git operation failed", Refusal::building},
    {"ResolutionImpossible", Refusal::conflict},
    {"conflicting dependencies", Refusal::conflict},
    {"resolution-too-deep", Refusal::conflict},
    {"No matching distribution found", Refusal::no_match},
    {"was not found in the package registry", Refusal::no_match},
    {"was not found in the provided package locations", Refusal::no_match},
    {"there is no version of", Refusal::no_match},
    {"there are no versions of", Refusal::no_match},
    {"no wheels with a matching", Refusal::no_match},
    {"no usable wheels", Refusal::no_match},
    {"no source distribution", Refusal::no_match},
    {"does not satisfy Python", Refusal::no_match},
    {"we can conclude that", Refusal::conflict},
}};

void add_line(std::string& line, std::string_view more) {
  more = trim(more);
  if (!more.empty()) line += (line.empty() ? "" : " ") + std::string(more);
}

bool is_chatter(std::string_view line) {
  return line.starts_with("WARNING: Retrying") || line.starts_with("[notice]") ||
         line.starts_with("WARNING: You are using pip version") ||
         line.find("[end of output]") != std::string_view::npos ||
         line.starts_with("Using CPython") || line.starts_with("Resolved ") ||
         line.find(" [options]") != std::string_view::npos || line.starts_with("Traceback (") ||
         line.starts_with("ERROR: ResolutionImpossible: for help visit");
}

// pip explains a conflict on stdout: from these words to an empty line.
std::string conflict_in(const std::string& output) {
  std::string found;
  const std::size_t begin = output.find("The conflict is caused by:");
  if (begin == std::string::npos) return found;
  const std::string_view rest = std::string_view(output).substr(begin);
  for (const std::string_view line : split(rest.substr(0, rest.find("\n\n")), '\n'))
    add_line(found, line);
  return found;
}

struct Advice {
  Fault fault;
  std::string what;  // between the resolver's name and what it said
  std::string hint;
};

constexpr const char* build_hint =
    "build a wheel of it with `pip wheel`, and name its folder in `find_links`";

Advice advice_for_place(Refusal refusal, std::string_view said) {
  const bool is_tls = said.find("SSL") != std::string_view::npos ||
                      said.find("certificate") != std::string_view::npos ||
                      said.find("InvalidContentType") != std::string_view::npos;
  if (refusal == Refusal::denied) {
    return {Fault::auth,
            "is not let in by an index",
            "a netrc file may have a user name and a password for the server"};
  }
  if (is_tls) {
    return {Fault::network,
            "cannot reach an index over TLS",
            "where its certificate is signed by an authority of your own, name that with `--ca`"};
  }
  return {Fault::network,
          "cannot reach an index",
          "name one that can be reached in `python.index_url`, or build with the lock of a machine "
          "that reaches it"};
}

Advice advice_for_input(Refusal refusal) {
  switch (refusal) {
    case Refusal::hashes:
      return {Fault::integrity,
              "found other files than the requirements name",
              "lock them again where the index is trusted: `uv pip compile --generate-hashes`"};
    case Refusal::half_hashed:
      return {Fault::input,
              "wants a sha256 for every requirement or for none",
              "write all of them (`uv pip compile --generate-hashes`), or install uv, which takes "
              "some"};
    case Refusal::missing:
      return {Fault::input,
              "misses a file",
              "paths of wheels are looked up from the folder of `python.requirements`"};
    default:
      return {Fault::input, "cannot read `python`", "correct what it names"};
  }
}

Advice advice_for(Refusal refusal, std::string_view resolver, std::string_view said) {
  const char* const cannot = "cannot resolve `python`";
  switch (refusal) {
    case Refusal::too_old:
      return {Fault::usage,
              "is too old",
              resolver == "uv" ? "bring it up to date: `pip install --upgrade uv`"
                               : "install uv (`pip install uv`), or pip 22.2 or newer (`pip "
                                 "install --upgrade pip`)"};
    case Refusal::unreachable:
    case Refusal::denied:
      return advice_for_place(refusal, said);
    case Refusal::hashes:
    case Refusal::half_hashed:
    case Refusal::missing:
    case Refusal::unreadable:
      return advice_for_input(refusal);
    case Refusal::disk:
      return {Fault::disk, cannot, "make room, or set TMPDIR to a folder that has some"};
    case Refusal::project:
      return {Fault::incompatible,
              "would have to build the project to know what it needs",
              "name its packages in a requirements.txt (`poetry export -f requirements.txt`), or "
              "write them into `dependencies` of `[project]`"};
    case Refusal::choice:
      return {Fault::incompatible,
              cannot,
              "add it to the project, or take it out of `extras` or `groups` of `python`"};
    case Refusal::building:
      return {Fault::incompatible, "would have to build something", build_hint};
    case Refusal::conflict:
      return {Fault::incompatible,
              cannot,
              "these requirements exclude each other: allow other versions of one of them"};
    default:
      return {Fault::incompatible, cannot, {}};
  }
}

}  // namespace

Refusal refusal_in(std::string_view said) {
  const auto* const found = std::find_if(signs.begin(), signs.end(), [&](const Sign& sign) {
    return said.find(sign.words) != std::string_view::npos;
  });
  return found == signs.end() ? Refusal::other : found->refusal;
}

std::string shown_refusal(const std::string& output, const std::string& errors) {
  std::string line;
  std::string retry;
  bool is_trace = false;
  for (const std::string_view word : split(errors, '\n')) {
    if (word.starts_with("WARNING: Retrying")) retry = word;
    // What stands below it is indented, but for what it ends with.
    is_trace = word.starts_with("Traceback (") || (is_trace && word.starts_with(' '));
    if (!is_trace && !is_chatter(trim(word))) add_line(line, word);
  }
  if (!retry.empty()) line = retry + " " + line;
  add_line(line, conflict_in(output));
  return printable(without_queries(line).substr(0, longest_said));
}

std::vector<std::string> unknown_extras(const std::string& errors) {
  std::vector<std::string> found;
  for (const std::string_view line : split(errors, '\n')) {
    const bool is_one = line.find("does not have an extra named") != std::string_view::npos ||
                        line.find("does not provide the extra") != std::string_view::npos;
    if (!is_one) continue;
    const std::size_t colon = line.find(": ");
    const std::string_view said = colon == std::string_view::npos ? line : line.substr(colon + 2);
    found.push_back(printable(without_queries(std::string(trim(said)))));
  }
  return found;
}

void refuse_resolution(const OpenPython& open,
                       const char* resolver,
                       const std::string& said,
                       Session& session) {
  const Refusal refusal = refusal_in(said);
  Advice advice = advice_for(refusal, resolver, said);
  std::vector<Where> where;
  const bool is_open =
      refusal == Refusal::no_match || refusal == Refusal::conflict || refusal == Refusal::other;
  if (is_open) {
    MissingWheels missing = packages_without_wheels(open, said, session);
    if (missing.index_trouble) {
      throw Error(
          missing.index_trouble->fault(),
          fmt::format(
              "{} cannot resolve `python`: {}; {}", resolver, missing.index_trouble->what(), said),
          missing.index_trouble->hint());
    }
    if (!missing.hint.empty()) advice.hint = std::move(missing.hint);
    where = std::move(missing.where);
  }
  throw Error(advice.fault,
              fmt::format("{} {}: {}", resolver, advice.what, said),
              advice.hint,
              std::move(where));
}

}  // namespace mlpack
