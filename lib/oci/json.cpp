#include "lib/oci/json.h"

#include "lib/error.h"
#include "lib/oci/json_node.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <vector>

namespace mlpack {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_depth = 64;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

std::string line_and_column(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position == 0 ? 0 : position - 1);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

/// Builds the value of a document, and throws where it breaks a rule. Not a callback of the
/// library's parser: that one takes the square of the number of keys or array elements.
class Builder : public nlohmann::json_sax<Json> {
 public:
  Builder(std::string_view text, const Document& document) : text_(text), document_(document) {}

  Json take() { return std::move(root_); }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }  // never in text
  bool start_object(std::size_t /*elements*/) override { return open(Json::object()); }
  bool start_array(std::size_t /*elements*/) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position,
                   const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*why*/) override;

 private:
  /// An object or array that is not closed yet. Nothing is added beside it before it is, so the
  /// pointer stays valid.
  struct Open {
    Json* value;
    std::set<std::string> keys;
  };

  bool add(Json value) {
    place(std::move(value));
    return true;
  }
  Json* place(Json value);
  bool open(Json container);
  bool close();
  [[noreturn]] void refuse(const std::string& rule) const {
    throw Error(document_.fault, document_.what + rule, document_.hint);
  }

  std::string_view text_;
  const Document& document_;
  Json root_;
  std::vector<Open> open_;
};

// Where the value belongs: the document itself, the next element, or what the last key is for.
Json* Builder::place(Json value) {
  Json* slot = &root_;
  if (!open_.empty() && open_.back().value->is_array()) {
    auto& elements = open_.back().value->get_ref<Json::array_t&>();
    slot = &elements.emplace_back();
  } else if (!open_.empty()) {
    slot = &open_.back().value->get_ref<Json::object_t&>().back().second;
  }
  *slot = std::move(value);
  return slot;
}

bool Builder::open(Json container) {
  if (open_.size() == max_depth) refuse(fmt::format(" is nested more than {} deep", max_depth));
  open_.push_back({place(std::move(container)), {}});
  return true;
}

bool Builder::close() {
  open_.pop_back();
  return true;
}

bool Builder::key(string_t& name) {
  Open& object = open_.back();
  if (!object.keys.insert(name).second) {
    refuse(": key " + in_backticks(name) + " appears twice");
  }
  // Its own emplace would look through all keys first.
  object.value->get_ref<Json::object_t&>().emplace_back(name, Json());
  return true;
}

bool Builder::parse_error(std::size_t position,
                          const std::string& /*last_token*/,
                          const nlohmann::detail::exception& /*why*/) {
  refuse(" is not valid JSON at " + line_and_column(text_, position));
}

}  // namespace

Json parse_document(std::string_view text, const Document& document) {
  const auto require = [&](bool kept, const char* rule) {
    if (!kept) throw Error(document.fault, document.what + rule, document.hint);
  };
  require(!trim(text).empty(), " is empty");
  require(is_utf8(text), " is not UTF-8");
  // The library skips the one and takes the other for the end: it would accept what other readers
  // of the same bytes refuse.
  require(!text.starts_with(byte_order_mark), " begins with a byte order mark");
  require(text.find('\0') == std::string_view::npos, " holds a NUL byte");
  Builder builder(text, document);
  Json::sax_parse(text, &builder);
  return builder.take();
}

Json parse_json(std::string_view text, const std::string& what) {
  return parse_document(text, {what, Fault::input, {}});
}

}  // namespace mlpack
