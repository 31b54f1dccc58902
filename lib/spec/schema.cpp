#include "lib/catalog/catalog.h"
#include "lib/spec/secrets.h"
#include "lib/spec/spec.h"
#include "lib/spec/type.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

std::string whole(std::string_view pattern) {
  return fmt::format("^({})$", pattern);
}

// Letters of regular expressions in a name lose their meaning.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (std::string_view(".()+*?[]{}|\\^$").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

Json choices_schema(const TextType& type) {
  const auto choices = type.choices(Catalog::built_in());
  Json schema{{"type", "string"}, {"enum", choices}};
  if (!type.counted) return schema;
  std::string names;
  for (const std::string_view choice : choices) {
    if (choice == "cpu") continue;
    names += (names.empty() ? "" : "|") + escaped(choice);
  }
  Json counted{{"type", "string"},
               {"pattern", whole(fmt::format("({}):[1-9][0-9]{{0,2}}", names))}};
  return {{"anyOf", {schema, counted}}};
}

// What is replaced before it is checked can look like anything.
Json text_schema(const TextType& type) {
  if (type.choices != nullptr) return choices_schema(type);
  Json schema;
  schema["type"] = type.as_written ? Json{"string", "number", "boolean"} : Json("string");
  if (!type.may_be_empty) schema["minLength"] = 1;
  if (type.substitution == Substitution::none) {
    schema["not"] = {{"type", "string"}, {"pattern", "\\$\\{"}};
  }
  if (type.pattern.empty()) return schema;
  if (type.substitution == Substitution::none) {
    schema["pattern"] = whole(type.pattern);
    schema["maxLength"] = 1024;
  } else {
    schema["anyOf"] = {{{"pattern", whole(type.pattern)}, {"maxLength", 1024}},
                       {{"pattern", "\\$\\{"}}};
  }
  return schema;
}

class Emitter {
 public:
  // Objects that are used in several places are written where they are used: editors like it, and
  // the file stays small.
  Json type(const Type& type) const {
    if (type.anything) return Json::object();
    std::vector<Json> forms;
    if (type.text != nullptr) forms.push_back(text_schema(*type.text));
    if (type.number != nullptr) forms.push_back(number(*type.number));
    if (type.list != nullptr) forms.push_back(list(*type.list));
    if (type.map != nullptr) forms.push_back(map(*type.map));
    if (type.object != nullptr) forms.push_back(object(*type.object));
    if (forms.size() == 1) return forms.front();
    return {{"anyOf", forms}};
  }

  Json object(const ObjectType& type) const {
    Json schema{{"type", "object"}};
    Json required = Json::array();
    Json properties = Json::object();
    for (const Field& field : type.fields) {
      properties[std::string(field.name)] = property(field);
      if (field.presence == Presence::required) required.push_back(field.name);
    }
    schema["properties"] = properties;
    schema["patternProperties"] = {{"^x-", Json::object()}};
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = required;
    if (type.rules != nullptr) schema["allOf"] = Json::parse(type.rules());
    return schema;
  }

 private:
  static Json number(const NumberType& type) {
    return {{"type", "integer"}, {"minimum", type.minimum}, {"maximum", type.maximum}};
  }

  Json list(const ListType& list) const {
    Json schema{{"type", "array"}, {"items", type(*list.item)}};
    if (list.minimum > 0) schema["minItems"] = list.minimum;
    if (list.unique) schema["uniqueItems"] = true;
    return schema;
  }

  Json map(const MapType& map) const {
    Json schema{{"type", "object"}, {"propertyNames", {{"pattern", whole(map.key_pattern)}}}};
    Json value = type(*map.value);
    if (map.minimum > 0) schema["minProperties"] = map.minimum;
    if (map.secrets == Secrets::refused) refuse_secrets(schema, value);
    schema["additionalProperties"] = value;
    return schema;
  }

  // additionalProperties would skip what patternProperties match, so the rules for names stand
  // beside it.
  static void refuse_secrets(Json& schema, Json& value) {
    const SecretPatterns patterns = secret_patterns();
    value["not"] = {{"type", "string"}, {"pattern", patterns.shapes}};
    const Json password{{"anyOf",
                         {{{"type", "boolean"}},
                          {{"type", "integer"}, {"enum", {0, 1}}},
                          {{"type", "string"}, {"pattern", patterns.password_allowed}},
                          {{"type", "string"}, {"pattern", "\\$\\{"}}}}};
    const Json token{{"not", {{"type", "string"}, {"pattern", patterns.tokens}}}};
    const Json by_name{{std::string(patterns.password_names), password},
                       {std::string(patterns.token_names), token}};
    schema["allOf"] = Json::array({{{"patternProperties", by_name}}});
  }

  Json property(const Field& field) const {
    Json schema{{"description", field.doc}};
    if (!field.fallback.empty()) schema["default"] = Json::parse(field.fallback);
    schema.update(type(*field.type));
    return schema;
  }
};

}  // namespace

std::string json_schema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", "mlpack.yaml"},
              {"description", "What to serve, where it must run, and what goes into the image."}};
  schema.update(Emitter().object(*spec_type().object));
  return schema.dump(1) + "\n";
}

}  // namespace mlpack
