#include "lib/spec/validate.h"

#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

namespace mlpack {
namespace {

// libstdc++ matches by recursion, so what it is given must be short.
constexpr std::size_t max_matched = 1024;
constexpr std::size_t max_shown = 60;
constexpr std::size_t max_replaced = std::size_t{1} << 20;

std::string joined(const std::string& path, std::string_view key) {
  return path.empty() ? printable(key) : fmt::format("{}.{}", path, printable(key));
}

std::string clipped(std::string_view text) {
  if (text.size() <= max_shown) return printable(text);
  std::size_t end = max_shown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
    --end;
  return printable(text.substr(0, end)) + "...";
}

bool is_digits_and_colons(std::string_view text) {
  return text.find_first_not_of("0123456789:") == std::string_view::npos;
}

const Field* find_field(const ObjectType& type, std::string_view name) {
  for (const Field& field : type.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

class Validator {
 public:
  Validator(const Variables& variables, const Catalog& catalog, Problems& problems)
      : variables_(variables), catalog_(catalog), problems_(problems) {}

  void check(YamlNode& node, const Type& type, const std::string& path) {
    if (type.anything) return;
    switch (node.kind) {
      case YamlNode::Kind::null:
        return refuse(node, type, path);
      case YamlNode::Kind::scalar:
        return check_scalar(node, type, path);
      case YamlNode::Kind::list:
        return type.list != nullptr ? check_list(node, *type.list, path) : refuse(node, type, path);
      case YamlNode::Kind::map:
        if (type.object != nullptr) return check_object(node, *type.object, path);
        if (type.map != nullptr) return check_map(node, *type.map, path);
        return refuse(node, type, path);
    }
  }

 private:
  static std::string subject(const std::string& path) {
    return path.empty() ? "the spec" : fmt::format("`{}`", path);
  }

  // What was found is named, unless it might be a secret.
  void refuse(YamlNode& node,
              const Type& type,
              const std::string& path,
              std::string_view hint = {}) {
    const bool hidden = type.text != nullptr && type.text->echo == Echo::hidden;
    const bool is_scalar = node.kind == YamlNode::Kind::scalar;
    std::string found = fmt::format("not {}", shown(node));
    if (hidden && is_scalar) found = "not what is there";
    if (node.kind == YamlNode::Kind::null || (is_scalar && node.text.empty())) {
      found = "but it is empty";
    }
    std::string advice(hint);
    const bool only_list = type.list != nullptr && type.text == nullptr && type.number == nullptr;
    if (advice.empty() && is_scalar && only_list && type.map == nullptr) {
      advice = "write a list, even for one: `[…]`";
    }
    problems_.add(
        node.place, fmt::format("{} must be {}, {}", subject(path), type.expected, found), advice);
    drop(node);
  }

  static void drop(YamlNode& node) {
    node.kind = YamlNode::Kind::null;
    node.text.clear();
    node.items.clear();
    node.entries.clear();
  }

  void check_scalar(YamlNode& node, const Type& type, const std::string& path) {
    if (type.text != nullptr) return check_text(node, type, path);
    if (type.number == nullptr) return refuse(node, type, path);
    const bool is_number = node.plain && node.type == YamlNode::Scalar::integer;
    const auto value = parse_number(node.text, type.number->maximum);
    if (!is_number || !value || *value < type.number->minimum) refuse(node, type, path);
  }

  void check_text(YamlNode& node, const Type& type, const std::string& path) {
    const TextType& text = *type.text;
    const bool is_text = !node.plain || node.type == YamlNode::Scalar::text;
    const bool unquoted =
        text.quoting == Quoting::digits && node.plain && is_digits_and_colons(node.text);
    if ((!is_text && !text.as_written) || unquoted) return refuse_unquoted(node, type, path);
    if (!replace_variables(node, text, path)) return drop(node);
    if (node.text.empty() && !text.may_be_empty) return refuse(node, type, path);
    if (is_allowed(node.text, text) || explain(node, text, path)) return;
    refuse(node, type, path, hint_for(node.text, text));
  }

  void refuse_unquoted(YamlNode& node, const Type& type, const std::string& path) {
    const TextType& text = *type.text;
    const bool quoting_helps = is_allowed(node.text, text);
    if (!quoting_helps && explain(node, text, path)) return;
    if (!quoting_helps) return refuse(node, type, path);
    const bool hidden = text.echo == Echo::hidden;
    const std::string quoted = hidden ? "" : fmt::format(": `\"{}\"`", clipped(node.text));
    refuse(node, type, path, "write it in quotes" + quoted);
  }

  // True where the mistake is a known one; its problem is added then.
  bool explain(YamlNode& node, const TextType& type, const std::string& path) {
    if (problems_.is_full()) return false;
    std::optional<Complaint> complaint;
    if (type.explain != nullptr) complaint = type.explain(node.text);
    if (type.explain_choice != nullptr) complaint = type.explain_choice(node.text, catalog_);
    if (!complaint) return false;
    problems_.add(
        node.place, fmt::format("{} {}", subject(path), complaint->message), complaint->hint);
    drop(node);
    return true;
  }

  // False where the text cannot be used; the problem is added.
  bool replace_variables(YamlNode& node, const TextType& type, const std::string& path) {
    if (type.substitution == Substitution::literal) return true;
    if (node.text.find("${") == std::string::npos) return true;
    if (type.substitution == Substitution::none) {
      problems_.add(node.place,
                    fmt::format("`${{…}}` is not replaced in {}", subject(path)),
                    "variables work in `image`, `base`, `source`, `labels`, `env` and URLs");
      return false;
    }
    Substituted result = substitute(node.text, variables_, type.substitution, max_replaced);
    replaced_ += result.text.size();
    if (result.too_long || replaced_ > max_replaced) {
      problems_.fatal(node.place,
                      fmt::format("variables make the spec grow past 1 MiB in {}", subject(path)));
    }
    for (const std::string& name : result.unknown)
      add_unknown_variable(node.place, name, path);
    if (result.malformed) {
      problems_.add(node.place,
                    fmt::format("{} holds a `${{` that no name and `}}` follow", subject(path)),
                    "write `${NAME}` for a variable, or `$${` for the characters themselves");
    }
    node.text = std::move(result.text);
    return result.unknown.empty() && !result.malformed;
  }

  void add_unknown_variable(Place place, const std::string& name, const std::string& path) {
    std::vector<std::string_view> known;
    for (const auto& [variable, value] : variables_)
      known.push_back(variable);
    const auto slip = problems_.is_full() ? std::nullopt : did_you_mean(name, known);
    problems_.add(
        place,
        fmt::format("{} uses `${{{}}}`, which is not in `variables`", subject(path), name),
        slip ? fmt::format("did you mean `${{{}}}`?", *slip)
             : "declare it in `variables`; the environment is never read");
  }

  bool is_allowed(const std::string& text, const TextType& type) {
    if (type.choices != nullptr) return is_choice(text, type);
    if (type.pattern.empty()) return true;
    return text.size() <= max_matched && std::regex_match(text, regex(type.pattern));
  }

  bool is_choice(std::string_view text, const TextType& type) const {
    const std::size_t colon = text.rfind(':');
    if (type.counted && colon != std::string_view::npos) {
      const std::string_view count = text.substr(colon + 1);
      if (count.starts_with('0') || !parse_number(count, 999)) return false;
      text = text.substr(0, colon);
      if (text == "cpu") return false;
    }
    const auto choices = type.choices(catalog_);
    return std::find(choices.begin(), choices.end(), text) != choices.end();
  }

  std::string hint_for(const std::string& text, const TextType& type) const {
    if (text.size() > max_matched) return fmt::format("at most {} characters", max_matched);
    if (type.choices == nullptr || problems_.is_full()) return {};
    const auto choices = type.choices(catalog_);
    if (const auto slip = did_you_mean(text, choices)) {
      return fmt::format("did you mean `{}`?", *slip);
    }
    if (choices.size() > 20) return {};
    return fmt::format("allowed: {}", fmt::join(choices, ", "));
  }

  const std::regex& regex(std::string_view pattern) {
    auto& known = regexes_[pattern];
    if (!known) known.emplace(pattern.begin(), pattern.end());
    return *known;
  }

  void check_list(YamlNode& node, const ListType& type, const std::string& path) {
    if (node.items.size() < type.minimum) {
      problems_.add(node.place,
                    fmt::format("{} is an empty list", subject(path)),
                    "give it an item, or remove the key");
    }
    std::map<std::string, std::size_t, std::less<>> seen;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      YamlNode& item = node.items[i];
      check(item, *type.item, fmt::format("{}[{}]", path, i));
      if (!type.unique || item.kind != YamlNode::Kind::scalar) continue;
      const auto [first, is_new] = seen.emplace(item.text, item.place.line);
      if (!is_new) {
        problems_.add(item.place,
                      fmt::format("`{}` is in {} twice; the first is in line {}",
                                  clipped(item.text),
                                  subject(path),
                                  first->second));
      }
    }
  }

  void check_map(YamlNode& node, const MapType& type, const std::string& path) {
    if (node.entries.size() < type.minimum) {
      problems_.add(node.place,
                    fmt::format("{} is an empty map", subject(path)),
                    "give it an entry, or remove the key");
    }
    for (YamlEntry& entry : node.entries) {
      const bool fits =
          entry.key.size() <= max_matched && std::regex_match(entry.key, regex(type.key_pattern));
      if (!fits) {
        problems_.add(entry.place,
                      fmt::format("the key `{}` in {} must be {}",
                                  clipped(entry.key),
                                  subject(path),
                                  type.key_expected));
      }
      const std::string entry_path = joined(path, entry.key);
      check(entry.value, *type.value, entry_path);
      if (type.secrets == Secrets::refused) check_secret(entry, entry_path);
    }
  }

  void check_secret(const YamlEntry& entry, const std::string& path) {
    if (entry.value.kind != YamlNode::Kind::scalar) return;
    if (!looks_like_secret(entry.key, entry.value.text)) return;
    problems_.add(
        entry.value.place,
        fmt::format("`{}` looks like a secret, and whoever can pull an image can read it", path),
        "name it in `secrets`, and give its value where the image runs");
  }

  void check_object(YamlNode& node, const ObjectType& type, const std::string& path) {
    std::set<std::string> meant;
    for (YamlEntry& entry : node.entries) {
      const Field* const field = find_field(type, entry.key);
      if (field != nullptr) {
        check(entry.value, *field->type, joined(path, entry.key));
      } else if (!entry.key.starts_with("x-")) {
        const auto slip = nearest_field(entry.key, type);
        add_unknown_key(entry, hint_for_key(entry.key, type, slip), path);
        if (slip) meant.insert(*slip);
      }
    }
    for (const Field& field : type.fields) {
      const bool missing =
          node.find(field.name) == nullptr && meant.count(std::string(field.name)) == 0;
      if (field.presence == Presence::optional || !missing) continue;
      problems_.add(
          node.place,
          fmt::format(
              "{} lacks `{}`, which must be {}", subject(path), field.name, field.type->expected));
    }
  }

  void add_unknown_key(const YamlEntry& entry, const std::string& hint, const std::string& path) {
    const std::string where = path.empty() ? "" : fmt::format(" in `{}`", path);
    problems_.add(entry.place, fmt::format("unknown key `{}`{}", clipped(entry.key), where), hint);
  }

  static std::vector<std::string_view> field_names(const ObjectType& type) {
    std::vector<std::string_view> names;
    for (const Field& field : type.fields)
      names.push_back(field.name);
    return names;
  }

  static std::optional<std::string> nearest_field(std::string_view key, const ObjectType& type) {
    return did_you_mean(key, field_names(type));
  }

  static std::string hint_for_key(std::string_view key,
                                  const ObjectType& type,
                                  const std::optional<std::string>& slip) {
    const std::string lower = to_lower(key);
    for (const RefusedKey& refused : type.refused) {
      if (refused.name == lower) return std::string(refused.hint);
    }
    if (slip) return fmt::format("did you mean `{}`?", *slip);
    return fmt::format("allowed: {}", fmt::join(field_names(type), ", "));
  }

  const Variables& variables_;
  const Catalog& catalog_;
  Problems& problems_;
  std::size_t replaced_ = 0;  // bytes of all texts that variables were replaced in
  std::map<std::string_view, std::optional<std::regex>> regexes_;
};

}  // namespace

std::string shown(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::scalar:
      break;
  }
  if (node.plain && node.type == YamlNode::Scalar::boolean) {
    return fmt::format("the boolean `{}`", clipped(node.text));
  }
  if (node.plain && node.type != YamlNode::Scalar::text) {
    return fmt::format("the number `{}`", clipped(node.text));
  }
  return fmt::format("`{}`", clipped(node.text));
}

void validate(YamlNode& root,
              const Type& type,
              const Variables& variables,
              const Catalog& catalog,
              Problems& problems) {
  Validator(variables, catalog, problems).check(root, type, "");
}

}  // namespace mlpack
