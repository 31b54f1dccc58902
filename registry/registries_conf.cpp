#include "registry/registries_conf.h"

#include "lib/error.h"
#include "lib/python/toml_text.h"
#include "lib/text.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace mlpack {
namespace {

constexpr std::uint64_t longest_conf = std::uint64_t{4} << 20;

// The part of `text` that `prefix` is about; nullopt where that is none of it. `*.example.com` is
// about all names below that one.
std::optional<std::size_t> matched_length(std::string_view prefix, std::string_view text) {
  std::size_t end = prefix.size();
  if (prefix.starts_with("*.")) {
    const std::string_view host = text.substr(0, text.find('/'));
    const std::string_view name = host.substr(0, host.rfind(':'));
    const std::string_view suffix = prefix.substr(1);
    const std::string_view fitting = host.ends_with(suffix) ? host : name;
    if (!fitting.ends_with(suffix) || fitting.size() == suffix.size()) return std::nullopt;
    end = fitting.size();
  } else if (!text.starts_with(prefix)) {
    return std::nullopt;
  }
  const bool whole = end == text.size() || std::string_view("/:@").find(text[end]) != text.npos;
  return whole ? std::optional(end) : std::nullopt;
}

Reference moved(const Reference& name, std::size_t length, const std::string& location) {
  const std::string text = location + name.text().substr(length);
  if (auto parsed = Reference::parse(text); parsed && !parsed->is_local()) return *parsed;
  throw Error(Fault::input,
              fmt::format("registries.conf makes `{}` of `{}`, which is no name of an image",
                          printable(text),
                          name.text()),
              "its `location` has to begin with the host of a registry");
}

}  // namespace

// Reads one file, and collects what is wrong with it.
class RegistriesReader {
 public:
  explicit RegistriesReader(fs::path path) : path_(std::move(path)) {}

  RegistriesConf read(const toml::table& root) {
    RegistriesConf conf;
    refuse_old_form(root);
    if (const toml::node* const node = root.get("registry")) {
      const toml::array* const list = node->as_array();
      if (list == nullptr) problem(*node, "`registry` is a list of tables: write `[[registry]]`");
      for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
        read_rule((*list)[i], conf);
    }
    if (problems_.empty()) return conf;
    throw Error(Fault::input,
                fmt::format("`{}` has {} problem{}",
                            printable(path_.string()),
                            problems_.size(),
                            problems_.size() == 1 ? "" : "s"),
                {},
                std::move(problems_));
  }

 private:
  using Rule = RegistriesConf::Rule;
  using Mirror = RegistriesConf::Mirror;

  void problem(const toml::node& node, std::string text) {
    problems_.push_back(toml_where(node, path_));
    problems_.back().message = std::move(text);
  }

  // `[registries.block]` and `[registries.insecure]`, which must not be passed over.
  void refuse_old_form(const toml::table& root) {
    for (const char* const name : {"block", "insecure"}) {
      const toml::node* const list = root.at_path("registries").as_table() == nullptr
                                         ? nullptr
                                         : root["registries"][name]["registries"].node();
      const toml::array* const values = list == nullptr ? nullptr : list->as_array();
      if (values == nullptr || values->empty()) continue;
      problem(
          *list,
          fmt::format("`registries.{}` is of version 1; write `[[registry]]` with `{}`",
                      name,
                      name == std::string_view("block") ? "blocked = true" : "insecure = true"));
    }
  }

  std::string text(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return {};
    if (const auto value = node->value_exact<std::string>()) return *value;
    problem(*node, fmt::format("`{}` is a text", key));
    return {};
  }

  bool flag(const toml::table& table, std::string_view key) {
    const toml::node* const node = table.get(key);
    if (node == nullptr) return false;
    if (const auto value = node->value_exact<bool>()) return *value;
    problem(*node, fmt::format("`{}` is true or false", key));
    return false;
  }

  void read_rule(const toml::node& node, RegistriesConf& conf) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) return problem(node, "`registry` is a list of tables");
    Rule rule;
    rule.file = path_;
    rule.location = trimmed(text(*table, "location"));
    rule.prefix = trimmed(text(*table, "prefix"));
    if (rule.prefix.empty()) rule.prefix = rule.location;
    if (flag(*table, "insecure")) rule.tls = Tls::optional;
    if (flag(*table, "blocked")) rule.access = Rule::Access::blocked;
    const bool digests = flag(*table, "mirror-by-digest-only");
    if (rule.prefix.empty()) return problem(node, "`location` or `prefix` is missing");
    if (rule.location.empty() && !rule.prefix.starts_with("*.")) rule.location = rule.prefix;
    if (rule.location.starts_with("*.")) return problem(node, "`location` is no pattern");
    if (const toml::node* const mirrors = table->get("mirror"))
      read_mirrors(*mirrors, digests, rule);
    conf.rules_.push_back(std::move(rule));
  }

  void read_mirrors(const toml::node& node, bool digests, Rule& rule) {
    const toml::array* const list = node.as_array();
    if (list == nullptr) return problem(node, "write `[[registry.mirror]]`");
    for (const toml::node& item : *list) {
      const toml::table* const table = item.as_table();
      if (table == nullptr) return problem(item, "write `[[registry.mirror]]`");
      Mirror mirror;
      mirror.location = trimmed(text(*table, "location"));
      if (mirror.location.empty()) problem(item, "`location` of a mirror is missing");
      if (flag(*table, "insecure")) mirror.tls = Tls::optional;
      if (digests) mirror.pulls = Mirror::For::digests;
      read_pulls(*table, mirror);
      rule.mirrors.push_back(std::move(mirror));
    }
  }

  void read_pulls(const toml::table& table, Mirror& mirror) {
    static const std::map<std::string, Mirror::For, std::less<>> kinds{
        {"all", Mirror::For::all},
        {"digest-only", Mirror::For::digests},
        {"tag-only", Mirror::For::tags}};
    const std::string word = text(table, "pull-from-mirror");
    if (word.empty()) return;
    const auto found = kinds.find(word);
    if (found == kinds.end()) {
      problem(*table.get("pull-from-mirror"),
              "`pull-from-mirror` is `all`, `digest-only` or `tag-only`");
    } else {
      mirror.pulls = found->second;
    }
  }

  // As c/image does: a slash at the end means nothing.
  static std::string trimmed(std::string text) {
    while (text.ends_with('/'))
      text.pop_back();
    return text;
  }

  fs::path path_;
  std::vector<Where> problems_;
};

RegistriesConf RegistriesConf::parse(std::string_view text, const fs::path& path) {
  return RegistriesReader(path).read(parse_toml(text, path));
}

void RegistriesConf::merge(RegistriesConf later) {
  for (Rule& rule : later.rules_) {
    std::erase_if(rules_, [&](const Rule& other) { return other.prefix == rule.prefix; });
    rules_.push_back(std::move(rule));
  }
}

// The longest prefix counts; one of names before one with a pattern.
const RegistriesConf::Rule* RegistriesConf::find(const Reference& name) const {
  const std::string text = name.text();
  const Rule* best = nullptr;
  for (const Rule& rule : rules_) {
    if (!matched_length(rule.prefix, text)) continue;
    if (best == nullptr || rule.prefix.size() > best->prefix.size()) best = &rule;
  }
  return best;
}

void RegistriesConf::require_allowed(const Reference& name) const {
  const Rule* const rule = find(name);
  if (rule == nullptr || rule->access == Rule::Access::open) return;
  throw Error(
      Fault::gate,
      fmt::format("`{}` is blocked: `{}` says so", name.text(), printable(rule->file.string())),
      fmt::format("its `[[registry]]` for `{}` has `blocked = true`", printable(rule->prefix)));
}

Tls RegistriesConf::tls_of(const Reference& name) const {
  const Rule* const rule = find(name);
  return rule == nullptr ? Tls::required : rule->tls;
}

std::vector<PullPlace> RegistriesConf::places(const Reference& name, PullKind kind) const {
  require_allowed(name);
  const Rule* const rule = find(name);
  if (rule == nullptr) return {{name, Tls::required}};
  const std::size_t length = *matched_length(rule->prefix, name.text());
  std::vector<PullPlace> places;
  for (const Mirror& mirror : rule->mirrors) {
    const bool other_kind = (mirror.pulls == Mirror::For::digests && kind == PullKind::tag) ||
                            (mirror.pulls == Mirror::For::tags && kind == PullKind::digest);
    if (!other_kind) places.push_back({moved(name, length, mirror.location), mirror.tls});
  }
  const bool stays = rule->location.empty();
  places.push_back({stays ? name : moved(name, length, rule->location), rule->tls});
  return places;
}

namespace {

void add_file(RegistriesConf& conf, const fs::path& path) {
  if (const auto text = read_file_if_exists(path, longest_conf)) {
    conf.merge(RegistriesConf::parse(*text, path));
  }
}

void add_folder(RegistriesConf& conf, const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".conf") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files)
    add_file(conf, file);
}

}  // namespace

RegistriesConf read_registries_conf(const Environment& environment) {
  RegistriesConf conf;
  if (const auto only = set_value(environment, "CONTAINERS_REGISTRIES_CONF")) {
    conf.merge(RegistriesConf::parse(read_file(*only, longest_conf), *only));
    return conf;
  }
  const fs::path system = "/etc/containers";
  fs::path user = environment("XDG_CONFIG_HOME").value_or("");
  const auto home = environment("HOME");
  if (!user.is_absolute() && home) user = fs::path(*home) / ".config";
  user /= "containers";
  std::error_code missing;
  const bool own = user.is_absolute() && fs::exists(user / "registries.conf", missing);
  add_file(conf, (own ? user : system) / "registries.conf");
  add_folder(conf, system / "registries.conf.d");
  if (user.is_absolute()) add_folder(conf, user / "registries.conf.d");
  return conf;
}

}  // namespace mlpack
