#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What a spec may hold, as data: one table (fields.cpp) from which come the checks, the hints for
/// slips of the fingers and the JSON Schema. A value is checked by the form it has in the file: a
/// Type may allow a scalar, a list and a map side by side.
namespace mlpack {

class Catalog;

struct Complaint {
  std::string message;
  std::string hint;
};

/// Says what is wrong with a text that its type refused, where that is a well-known mistake.
using Explain = std::optional<Complaint> (*)(std::string_view text);

/// The same of a text that is none of the choices.
using ExplainChoice = std::optional<Complaint> (*)(std::string_view text, const Catalog& catalog);

/// The texts that are allowed, where they come from tables.
using Choices = std::vector<std::string_view> (*)(const Catalog& catalog);

/// What `${NAME}` means in a text.
enum class Substitution {
  none,     // an error, because nothing would replace it
  literal,  // four characters and a name: for shells and programs
  replace,  // replaced
  env,      // replaced; `${PATH}` stays for the base's value
};

enum class Quoting { as_yaml, digits };  // digits: a plain scalar of digits and colons is refused
enum class Echo { shown, hidden };       // hidden: messages do not hold the value

struct TextType {
  /// ECMAScript, for the whole text, which then has at most 1024 characters; empty: any text.
  std::string_view pattern = {};
  Choices choices = nullptr;
  /// Choices may be followed by `:COUNT`.
  bool counted = false;
  /// Empty text is allowed.
  bool may_be_empty = false;
  /// Numbers and booleans are taken as they are written.
  bool as_written = false;
  Substitution substitution = Substitution::none;
  Quoting quoting = Quoting::as_yaml;
  Echo echo = Echo::shown;
  Explain explain = nullptr;
  ExplainChoice explain_choice = nullptr;
};

struct NumberType {
  std::uint64_t minimum;
  std::uint64_t maximum;
};

struct Type;

struct ListType {
  const Type* item;
  std::size_t minimum = 0;
  bool unique = false;
};

enum class Secrets { allowed, refused };

/// A map whose keys the user chooses.
struct MapType {
  std::string_view key_pattern;
  std::string_view key_expected;
  const Type* value;
  std::size_t minimum = 0;
  /// Whether values are looked at with looks_like_secret.
  Secrets secrets = Secrets::allowed;
};

enum class Presence { optional, required };

struct Field {
  std::string_view name;
  const Type* type;
  std::string_view doc;
  std::string_view fallback = {};  // the default, as JSON
  Presence presence = Presence::optional;
};

/// A key that people try, and what to do instead.
struct RefusedKey {
  std::string_view name;
  std::string_view hint;
};

struct ObjectType {
  std::span<const Field> fields;
  std::span<const RefusedKey> refused = {};
  /// What the schema says of fields together: a JSON list of schemas. rules.cpp checks the same.
  std::string (*rules)() = nullptr;
};

struct Type {
  std::string_view expected;  // for messages: `a quoted version such as "3.12"`
  const TextType* text = nullptr;
  const NumberType* number = nullptr;
  const ListType* list = nullptr;
  const MapType* map = nullptr;  // at most one of map and object
  const ObjectType* object = nullptr;
  bool anything = false;
};

/// The type of the whole file.
const Type& spec_type();

}  // namespace mlpack
