#include "lib/python/requirements_file.h"

#include "lib/python/excluded_wheels.h"
#include "lib/python/logical_lines.h"
#include "lib/python/tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t deepest_file = 20;
constexpr std::size_t most_requirements = 100'000;

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; (begin = text.find_first_not_of(" \t", begin)) < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

// An option in its forms `--name value`, `--name=value`, `-n value` and `-nvalue`.
struct OptionName {
  std::string_view name;
  std::string_view letter;
};

std::optional<std::string> option_value(const std::string& line, const OptionName& option) {
  for (const std::string_view name : {option.name, option.letter}) {
    if (name.empty() || !line.starts_with(name)) continue;
    std::string_view rest = std::string_view(line).substr(name.size());
    const bool is_letter = name.size() == 2;
    if (rest.empty()) return "";
    if (rest[0] == '=') return std::string(trim(rest.substr(1)));
    if (rest[0] == ' ' || rest[0] == '\t' || is_letter) return std::string(trim(rest));
  }
  return std::nullopt;
}

constexpr OptionName option_requirement{"--requirement", "-r"};
constexpr OptionName option_constraint{"--constraint", "-c"};
constexpr OptionName option_index{"--index-url", "-i"};
constexpr OptionName option_extra_index{"--extra-index-url", ""};
constexpr OptionName option_find_links{"--find-links", "-f"};
constexpr OptionName option_no_binary{"--no-binary", ""};
constexpr OptionName option_only_binary{"--only-binary", ""};
constexpr OptionName option_editable{"--editable", "-e"};
constexpr std::string_view file_scheme = "file://";
constexpr std::array<std::string_view, 3> ignored_options{
    "--prefer-binary", "--trusted-host", "--use-feature"};

std::string first_word(const std::string& line) {
  return line.substr(0, line.find_first_of(" \t="));
}

constexpr const char* only_other_hashes =
    "mlpack compares the sha256 of files, and there is none here: lock again with `uv pip compile "
    "--generate-hashes`, or take the hash out";
constexpr const char* in_repository = "what is in a repository has to be built: name its wheel";

bool is_remote(const std::string& place) {
  return place.find("://") != std::string::npos && !place.starts_with(file_scheme);
}

// Of a URL that leads to no wheel.
std::optional<std::string> why_to_build(const std::string& url) {
  if (url.starts_with("git+") || url.starts_with("hg+") || url.starts_with("svn+") ||
      url.starts_with("bzr+")) {
    return in_repository;
  }
  const std::string file = file_in_url(url);
  for (const std::string_view end : {".tar.gz", ".zip", ".tar.bz2", ".tgz"}) {
    if (!file.ends_with(end)) continue;
    return fmt::format("`{}` are sources, which have to be built: name a wheel", printable(file));
  }
  return std::nullopt;
}

// A URL of a wheel says the name itself.
std::string named(const std::string& text) {
  if (!text.starts_with("http://") && !text.starts_with("https://")) return text;
  const std::string url = text.substr(0, text.find_first_of(" \t"));
  const auto wheel = parse_wheel_name(file_in_url(url));
  return wheel ? wheel->name + " @ " + text : text;
}

class RequirementsParser {
 public:
  explicit RequirementsParser(const RequirementsReader& reader) : reader_(reader) {}

  void read(const fs::path& path, std::vector<RequirementLine>& into) {
    const fs::path place = path.lexically_normal();
    if (open_.empty()) folder_ = place.parent_path();
    if (open_.size() == deepest_file || !open_.insert(place).second) {
      fail(Fault::input, "`{}` names itself", printable(place.string()));
    }
    const auto text = decoded_text(reader_.read(place));
    if (!text) fail(Fault::input, "`{}` is no text", printable(place.string()));
    for (const LogicalLine& line : logical_lines(*text)) {
      where_ = {place.string(), line.number, 1, {}};
      read_line(line.text, place.parent_path(), into);
    }
    open_.erase(place);
  }

  RequirementsFile finish(const fs::path& path) {
    excluded_.tell(problems_);
    if (hashes_ == Hashes::required) require_hashes();
    if (problems_.empty()) return std::move(file);
    const std::string text = fmt::format("`{}` has {} problem{}",
                                         printable(path.string()),
                                         problems_.size(),
                                         problems_.size() == 1 ? "" : "s");
    throw Error(Fault::input, text, {}, std::move(problems_));
  }

  RequirementsFile file;

 private:
  void problem(std::string text) {
    problems_.push_back(where_);
    problems_.back().message = std::move(text);
  }

  void read_line(const std::string& line,
                 const fs::path& folder,
                 std::vector<RequirementLine>& into) {
    if (line.starts_with('-')) return read_option(line, folder, into);
    if (into.size() == most_requirements) fail(Fault::input, "there are too many requirements");
    RequirementLine read{{}, {}, where_};
    std::string text = line;
    const std::size_t options = text.find(" --");
    if (options != std::string::npos) {
      if (!read_hashes(text.substr(options), read)) return;
      text = trim(std::string_view(text).substr(0, options));
    }
    if (is_path(text)) return read_local(text, std::move(read.sha256));
    text = named(text);
    auto requirement = parse_requirement(text);
    if (!requirement) return refuse(text);
    requirement->url = expanded(requirement->url);
    const std::string& url = requirement->url;
    if (url.starts_with(file_scheme) || is_path(url)) {
      const std::string marker = requirement->marker.empty() ? "" : " ; " + requirement->marker;
      return read_local(url + marker, std::move(read.sha256), requirement->name);
    }
    if (const auto why = why_to_build(url)) return problem(*why);
    const bool is_marked =
        evaluate_marker(requirement->marker, linux_markers("3.11.0", "x86_64")).has_value();
    if (!is_marked) return problem(fmt::format("`{}` is no marker", requirement->marker));
    read.requirement = std::move(*requirement);
    read.text = text;
    take_hash_of_url(read);
    if (read.sha256.empty() && names_other_hash(read.requirement.url))
      return problem(only_other_hashes);
    into.push_back(std::move(read));
  }

  // `#sha256=…` behind a URL is as good as `--hash`.
  static void take_hash_of_url(RequirementLine& line) {
    const std::size_t mark = line.requirement.url.find("#sha256=");
    if (mark == std::string::npos) return;
    const auto digest = Digest::from_hex(to_lower(line.requirement.url.substr(mark + 8, 64)));
    if (digest) line.sha256.push_back(*digest);
  }

  static bool names_other_hash(const std::string& url) {
    const std::string fragment = url.substr(std::min(url.find('#'), url.size()));
    return fragment.find("sha384=") != std::string::npos ||
           fragment.find("sha512=") != std::string::npos;
  }

  // As pip has it: what begins as a path does, or is the file of a wheel.
  static bool is_path(const std::string& text) {
    if (text.starts_with('.') || text.starts_with('/') || text.starts_with(file_scheme))
      return true;
    const std::string first = text.substr(0, text.find_first_of(" ;[#"));
    return first.ends_with(".whl") && first.find("://") == std::string::npos;
  }

  // `PATH[extra] ; marker`, `file:///PATH#sha256=…`; as with pip, a `;` in a URL stands before a
  // blank where it ends it.
  void read_local(const std::string& text, std::vector<Digest> sha256, std::string name = {}) {
    const std::size_t mark = text.find(text.starts_with(file_scheme) ? "; " : ";");
    LocalRequirement local{{}, std::move(sha256), {}, where_, std::move(name)};
    if (mark != std::string::npos) local.marker = trim(std::string_view(text).substr(mark + 1));
    std::string path(trim(std::string_view(text).substr(0, mark)));
    const std::size_t fragment = path.find('#');
    if (fragment != std::string::npos) {
      const std::size_t hash = path.find("sha256=", fragment);
      const std::string hex = hash == std::string::npos ? "" : path.substr(hash + 7, 64);
      if (const auto digest = Digest::from_hex(to_lower(hex))) local.sha256.push_back(*digest);
      if (local.sha256.empty() && names_other_hash(path)) return problem(only_other_hashes);
      path.resize(fragment);
    }
    if (path.ends_with(']')) {
      const std::size_t extras = path.rfind('[');
      if (extras == std::string::npos) {
        return problem(fmt::format("`{}` has a `]`, and no `[` before it", printable(path)));
      }
      path.resize(extras);
    }
    path = path_of_file_url(path).value_or(path);
    const bool is_marked =
        evaluate_marker(local.marker, linux_markers("3.11.0", "x86_64")).has_value();
    if (!is_marked) return problem(fmt::format("`{}` is no marker", printable(local.marker)));
    local.path = (folder_ / path).lexically_normal();
    file.local.push_back(std::move(local));
  }

  void read_file_named(const std::string& path,
                       const fs::path& folder,
                       std::vector<RequirementLine>& into) {
    if (is_remote(path)) {
      return problem(
          "requirements are not read from the network: download them, and name the file");
    }
    const Where place = where_;
    read(folder / path, into);
    where_ = place;
  }

  void refuse(const std::string& text) {
    if (text.find("://") != std::string::npos) {
      return problem("a URL needs a name in front of it: `name @ URL`");
    }
    problem(fmt::format("`{}` is no requirement", printable(text)));
  }

  bool read_hashes(const std::string& options, RequirementLine& line) {
    std::vector<std::string> words = words_of(options);
    for (std::size_t i = 0; i < words.size(); ++i) {
      std::string word = words[i];
      if (word == "--hash" && i + 1 < words.size()) word += "=" + words[++i];
      if (!word.starts_with("--hash=")) {
        problem(fmt::format("mlpack does not know the option `{}` of a requirement",
                            printable(first_word(word))));
        return false;
      }
      const std::string hash = word.substr(7);
      if (is_other_hash(hash)) continue;  // it may name the same file
      const std::size_t colon = hash.find(':');
      const bool is_known = hash.substr(0, colon) == "sha256";
      const auto digest = is_known ? Digest::parse(to_lower(hash)) : std::nullopt;
      if (!digest) {
        problem(is_known ? fmt::format("`{}` is no sha256", printable(hash))
                         : fmt::format("`{}` is no kind of hash that is known: write `sha256:…`",
                                       printable(hash.substr(0, colon))));
        return false;
      }
      line.sha256.push_back(*digest);
    }
    const bool has_hashes = !words.empty();
    if (has_hashes && line.sha256.empty()) problem(only_other_hashes);
    return !has_hashes || !line.sha256.empty();
  }

  static bool is_other_hash(const std::string& hash) {
    return hash.starts_with("sha384:") || hash.starts_with("sha512:");
  }

  // pip would not install them; a hash may stand in a constraint.
  void require_hashes() {
    std::set<std::string> hashed;
    for (const RequirementLine& line : file.constraints) {
      if (!line.sha256.empty()) hashed.insert(line.requirement.name);
    }
    const auto add = [&](const Where& where) {
      where_ = where;
      problem("there is no `--hash=sha256:…` here, and `--require-hashes` wants one on every line");
    };
    for (const RequirementLine& line : file.requirements) {
      if (line.sha256.empty() && !hashed.contains(line.requirement.name)) add(line.where);
    }
    for (const LocalRequirement& line : file.local) {
      if (line.sha256.empty()) add(line.where);
    }
  }

  void read_option(const std::string& line,
                   const fs::path& folder,
                   std::vector<RequirementLine>& into) {
    if (const auto path = option_value(line, option_requirement)) {
      return read_file_named(*path, folder, into);
    }
    if (const auto path = option_value(line, option_constraint)) {
      return read_file_named(*path, folder, file.constraints);
    }
    if (const auto url = option_value(line, option_extra_index)) {
      file.extra_index_urls.push_back(expanded(*url));
      return;
    }
    if (const auto url = option_value(line, option_index)) {
      file.index_url = expanded(*url);
      return;
    }
    if (const auto place = option_value(line, option_find_links)) {
      const bool is_url = place->find("://") != std::string::npos;
      file.find_links.push_back(is_url ? expanded(*place) : (folder / *place).string());
      return;
    }
    if (const auto path = option_value(line, option_editable)) {
      return is_remote(*path) ? problem(in_repository) : read_local(*path, {});
    }
    const std::string name = first_word(line);
    if (name == "--require-hashes") {
      hashes_ = Hashes::required;
    } else if (name == "--no-index") {
      file.index = RequirementsFile::Index::none;
    } else if (name == "--pre") {
      file.prereleases = RequirementsFile::Prereleases::allowed;
    } else if (name == option_no_binary.name) {
      excluded_.add(option_value(line, option_no_binary).value_or(""), where_);
    } else if (name == option_only_binary.name) {
      excluded_.take_back(option_value(line, option_only_binary).value_or(""));
    } else if (std::find(ignored_options.begin(), ignored_options.end(), name) ==
               ignored_options.end()) {
      problem(fmt::format("mlpack does not know the option `{}`", printable(name)));
    }
  }

  std::string expanded(const std::string& text) const {
    std::string result;
    std::size_t at = 0;
    for (std::size_t begin = 0; (begin = text.find("${", at)) != std::string::npos;) {
      const std::size_t end = text.find('}', begin);
      if (end == std::string::npos) break;
      const auto value = reader_.variable(text.substr(begin + 2, end - begin - 2));
      result += text.substr(at, begin - at);
      result += value.value_or(text.substr(begin, end + 1 - begin));
      at = end + 1;
    }
    return result + text.substr(at);
  }

  const RequirementsReader& reader_;
  fs::path folder_;  // of the first file, where pip and uv are run
  std::set<fs::path> open_;
  std::vector<Where> problems_;
  ExcludedWheels excluded_;
  Where where_;
  enum class Hashes { as_named, required } hashes_ = Hashes::as_named;
};

}  // namespace

RequirementsFile read_requirements(const fs::path& path, const RequirementsReader& reader) {
  RequirementsParser parser(reader);
  parser.read(path, parser.file.requirements);
  return parser.finish(path);
}

}  // namespace mlpack
