#include "lib/check/check.h"
#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;
using Level = Finding::Level;

// Keys that packages bring to test themselves with, or that the distribution makes for show.
constexpr std::array harmless_places{"/test/"sv,
                                     "/tests/"sv,
                                     "/testing/"sv,
                                     "/testdata/"sv,
                                     "/examples/"sv,
                                     "/doc/"sv,
                                     "/dummyserver/"sv,
                                     "snakeoil"sv};

// Modules with functions that run what they are given, or reach files and the network.
constexpr std::array dangerous_modules{
    "os"sv,        "posix"sv,      "nt"sv,       "subprocess"sv, "commands"sv, "sys"sv,
    "socket"sv,    "shutil"sv,     "runpy"sv,    "pty"sv,        "ctypes"sv,   "importlib"sv,
    "code"sv,      "webbrowser"sv, "requests"sv, "urllib"sv,     "http"sv,     "httplib"sv,
    "asyncio"sv,   "pip"sv,        "timeit"sv,   "bdb"sv,        "pdb"sv,      "multiprocessing"sv,
    "threading"sv, "signal"sv,     "pickle"sv,   "_pickle"sv,    "marshal"sv,  "types"sv};
constexpr std::array dangerous_builtins{"eval"sv,
                                        "exec"sv,
                                        "execfile"sv,
                                        "compile"sv,
                                        "open"sv,
                                        "__import__"sv,
                                        "getattr"sv,
                                        "setattr"sv,
                                        "delattr"sv,
                                        "globals"sv,
                                        "locals"sv,
                                        "vars"sv,
                                        "apply"sv,
                                        "breakpoint"sv,
                                        "input"sv};
// What torch.save, numpy and scikit-learn write.
constexpr std::array data_modules{
    "torch"sv,     "torchvision"sv, "collections"sv,  "numpy"sv,      "_codecs"sv,
    "copyreg"sv,   "copy_reg"sv,    "datetime"sv,     "decimal"sv,    "fractions"sv,
    "pathlib"sv,   "scipy"sv,       "sklearn"sv,      "pandas"sv,     "xgboost"sv,
    "lightgbm"sv,  "joblib"sv,      "transformers"sv, "builtins"sv,   "__builtin__"sv,
    "argparse"sv,  "enum"sv,        "uuid"sv,         "tokenizers"sv, "pytorch_lightning"sv,
    "lightning"sv, "ultralytics"sv, "functools"sv,    "operator"sv};

template <std::size_t Count>
bool is_one_of(std::string_view text, const std::array<std::string_view, Count>& texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

bool is_dangerous(std::string_view import) {
  const std::string_view top = import.substr(0, import.find('.'));
  const std::string_view name = import.substr(import.rfind('.') + 1);
  if (top == "builtins" || top == "__builtin__") return is_one_of(name, dangerous_builtins);
  if (top == "operator") return name == "attrgetter" || name == "methodcaller";
  if (top == "functools") return name == "partial" || name == "reduce";
  if (top == "torch") {
    return import.starts_with("torch.hub.") || import.ends_with(".load") ||
           import.starts_with("torch._inductor.") ||
           import.starts_with("torch.utils.cpp_extension");
  }
  return is_one_of(top, dangerous_modules);
}

bool is_known_data(std::string_view import) {
  return is_one_of(import.substr(0, import.find('.')), data_modules);
}

bool is_harmless(const std::string& path) {
  const std::string rooted = "/" + path;
  return std::any_of(harmless_places.begin(), harmless_places.end(), [&](std::string_view place) {
    return rooted.find(place) != std::string::npos;
  });
}

class ContentsCheck {
 public:
  explicit ContentsCheck(const CheckInput& input) : input_(input) {}

  Findings run() {
    for (const auto& [path, file] : input_.files.read()) {
      check_secret(file->path, *file->content);
      check_pickle(file->path, *file->content);
      if (file->content->is_lfs_pointer) pointers_.push_back(file->path);
    }
    check_lower_layers();
    check_config();
    check_pointers();
    return std::move(findings_);
  }

 private:
  void check_secret(const std::string& path, const FileContent& content) {
    if (content.secret.empty() || is_harmless(path)) return;
    Finding& finding = add_finding(findings_, "secret", Level::error, path);
    finding.kind = Finding::Kind::safety;
    finding.what = fmt::format("`/{}` holds {}", printable(path), content.secret);
    finding.why = "whoever can pull the image can read it";
    finding.fix = "take the file out, make the secret invalid, and give a new one at run time";
  }

  // Those that a layer above removed or replaced. Where a secret is still at that path, it was
  // told.
  void check_lower_layers() {
    std::set<std::string_view> told;
    for (const ImageFiles::LayerSecret& secret : input_.files.secrets()) {
      const FileFacts* const seen = input_.files.find(secret.path);
      const bool is_seen = seen != nullptr && seen->content && !seen->content->secret.empty();
      if (is_seen || is_harmless(secret.path)) continue;
      if (told.insert(secret.path).second) add_lower(secret, seen);
    }
  }

  void add_lower(const ImageFiles::LayerSecret& secret, const FileFacts* seen) {
    Finding& finding = add_finding(findings_, "secret", Level::error, secret.path);
    finding.kind = Finding::Kind::safety;
    finding.what = fmt::format("`/{}` in layer {} of {} holds {}, though it is {} later",
                               printable(secret.path),
                               secret.layer,
                               input_.files.layers(),
                               secret.secret,
                               seen == nullptr ? "removed" : "replaced");
    finding.why =
        "whoever can pull the image can read that layer: what comes later hides the file "
        "in a container, and changes nothing in the layer";
    finding.fix =
        "make the secret invalid, build without the file from the start, and give a new "
        "one at run time";
  }

  void check_pickle(const std::string& path, const FileContent& content) {
    std::vector<std::string> dangerous;
    std::vector<std::string> unknown;
    for (const std::string& import : content.imports) {
      if (is_dangerous(import)) {
        dangerous.push_back(fmt::format("`{}`", printable(import)));
      } else if (!is_known_data(import)) {
        unknown.push_back(fmt::format("`{}`", printable(import)));
      }
    }
    if (!dangerous.empty()) {
      Finding& finding = add_finding(findings_, "pickle-code", Level::error, path);
      finding.kind = Finding::Kind::safety;
      finding.what = fmt::format("`/{}` runs code when it is loaded", printable(path));
      finding.why = fmt::format("its pickle calls {}", join(first(dangerous), ", "));
      finding.fix = "do not load it; take the model as safetensors from somebody you trust";
    } else if (!unknown.empty()) {
      Finding& finding = add_finding(findings_, "pickle-imports", Level::warning, path);
      finding.kind = Finding::Kind::safety;
      finding.what = fmt::format("`/{}` imports code when it is loaded", printable(path));
      finding.why = fmt::format("its pickle names {}", join(first(unknown), ", "));
      finding.fix = "convert it to safetensors, or make sure that these are what you expect";
    }
    if (content.unread.empty()) return;
    Finding& finding = add_finding(findings_, "pickle-unread", Level::warning, path);
    finding.what =
        fmt::format("what `/{}` imports when it is loaded is not known", printable(path));
    finding.why = printable(content.unread);
    finding.fix = "convert it to safetensors";
  }

  static std::vector<std::string> first(std::vector<std::string> texts) {
    constexpr std::size_t most = 5;
    if (texts.size() > most) texts.resize(most);
    return texts;
  }

  void check_pointers() {
    if (pointers_.empty()) return;
    Finding& finding = add_finding(findings_, "lfs-pointer", Level::error, pointers_.front());
    const std::string more =
        pointers_.size() == 1 ? "" : fmt::format(" and {} more", pointers_.size() - 1);
    finding.what = fmt::format(
        "`/{}`{} is a pointer of Git LFS, not the file itself", printable(pointers_.front()), more);
    finding.why = "what loads it finds a few lines of text instead of weights";
    finding.fix = "run `git lfs pull` where it came from, and build again";
  }

  // Names say enough; values are never shown.
  void check_config() {
    std::vector<std::string> places;
    for (const auto& [name, value] : input_.config.env)
      if (looks_like_secret(name, value))
        places.push_back(fmt::format("`{}` in its environment", printable(name)));
    for (const auto* const words : {&input_.config.entrypoint, &input_.config.cmd})
      if (std::any_of(words->begin(), words->end(), has_secret_shape))
        places.emplace_back("its command");
    for (const auto& [name, value] : input_.config.labels)
      if (has_secret_shape(value)) places.push_back(fmt::format("its label `{}`", printable(name)));
    const auto& history = input_.config.history;
    for (std::size_t i = 0; i < history.size(); ++i)
      if (has_secret_shape(history[i].created_by))
        places.push_back(fmt::format("step {} of its history", i + 1));
    for (const std::string& place : places) {
      Finding& finding = add_finding(findings_, "secret", Level::error, "");
      finding.kind = Finding::Kind::safety;
      finding.what = fmt::format("the configuration of the image holds a secret: {}", place);
      finding.why = "whoever can pull the image can read it";
      finding.fix = "take it out, make the secret invalid, and give a new one at run time";
    }
  }

  const CheckInput& input_;
  std::vector<std::string> pointers_;
  Findings findings_;
};

}  // namespace

Findings check_contents(const CheckInput& input) {
  return ContentsCheck(input).run();
}

}  // namespace mlpack
