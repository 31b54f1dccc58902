#include "lib/model/json_walk.h"

#include "lib/model/damage.h"
#include "lib/oci/json_node.h"

#include <nlohmann/json.hpp>

#include <iterator>
#include <set>
#include <utility>

namespace mlpack {
namespace {

using PlainJson = nlohmann::json;

constexpr std::size_t most_levels = 64;

// An input iterator over what a cursor has left; the one without a cursor is the end.
class Letters {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  Letters() = default;
  explicit Letters(Cursor& text) : text_(&text) { ++*this; }
  char operator*() const { return letter_; }
  Letters& operator++() {
    if (text_->left() == 0) {
      text_ = nullptr;
    } else {
      letter_ = text_->byte();
    }
    return *this;
  }
  Letters operator++(int) {
    Letters before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Letters& other) const { return text_ == other.text_; }
  bool operator!=(const Letters& other) const { return text_ != other.text_; }

 private:
  Cursor* text_ = nullptr;
  char letter_ = 0;
};

// The names of nlohmann's SAX interface.
class Walk : public nlohmann::json_sax<PlainJson> {
 public:
  Walk(const std::string& name, JsonVisitor& visitor) : name_(name), visitor_(visitor) {}

  bool null() override { return leaf({}); }
  bool boolean(bool /*value*/) override { return leaf({}); }
  bool number_integer(number_integer_t /*value*/) override { return leaf({}); }
  bool number_unsigned(number_unsigned_t value) override { return leaf(std::uint64_t{value}); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return leaf({});
  }
  bool string(string_t& value) override { return leaf(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }  // never in text
  bool start_object(std::size_t /*elements*/) override { return down(JsonVisitor::Kind::object); }
  bool start_array(std::size_t /*elements*/) override { return down(JsonVisitor::Kind::array); }
  bool end_object() override { return up(); }
  bool end_array() override { return up(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) refuse("key " + in_backticks(name) + " appears twice");
    path_.back() = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position,
                   const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*why*/) override {
    refuse(fmt::format("it is not JSON at its byte {}", position));
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Damage("has a bad " + name_, why);
  }
  bool leaf(JsonScalar value) {
    if (path_.empty()) refuse("it is not a JSON object");
    visitor_.value(path_, std::move(value));
    return true;
  }
  bool down(JsonVisitor::Kind kind) {
    if (path_.empty() && kind == JsonVisitor::Kind::array) refuse("it is not a JSON object");
    if (path_.size() == most_levels) refuse("it has more than 64 levels");
    visitor_.opened(path_, kind);
    path_.emplace_back("[]");
    keys_.emplace_back();
    return true;
  }
  bool up() {
    path_.pop_back();
    keys_.pop_back();
    visitor_.closed(path_);
    return true;
  }

  const std::string& name_;
  JsonVisitor& visitor_;
  JsonPath path_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

void walk_json(Cursor& text, const std::string& name, JsonVisitor& visitor) {
  Walk walk(name, visitor);
  PlainJson::sax_parse(Letters(text), Letters(), &walk);
}

}  // namespace mlpack
