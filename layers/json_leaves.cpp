#include "layers/json_leaves.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t deepest = 64;

// The names of nlohmann's SAX interface.
class Leaves : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Leaves(const std::function<void(const JsonLeaf&)>& visit) : visit_(visit) {}

  bool null() override { return at_root_is_bad(); }
  bool boolean(bool) override { return at_root_is_bad(); }
  bool number_integer(number_integer_t value) override {
    return refuse(fmt::format("the number {} is negative", value));
  }
  bool number_unsigned(number_unsigned_t value) override { return leaf(std::uint64_t{value}); }
  bool number_float(number_float_t, const string_t&) override { return at_root_is_bad(); }
  bool string(string_t& value) override { return leaf(std::move(value)); }
  bool binary(binary_t&) override { return at_root_is_bad(); }
  bool start_object(std::size_t) override { return down(""); }
  bool key(string_t& name) override {
    path_.back() = std::move(name);
    return true;
  }
  bool end_object() override { return up(); }
  bool start_array(std::size_t) override { return !path_.empty() ? down("[]") : at_root_is_bad(); }
  bool end_array() override { return up(); }
  bool parse_error(std::size_t position,
                   const std::string&,
                   const nlohmann::detail::exception&) override {
    return refuse(fmt::format("it is not JSON at byte {}", position));
  }

  const std::string& problem() const { return problem_; }

 private:
  bool refuse(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool at_root_is_bad() { return !path_.empty() || refuse("it is not a JSON object"); }
  bool leaf(std::variant<std::uint64_t, std::string> value) {
    if (path_.empty()) return at_root_is_bad();
    visit_({path_, std::move(value)});
    return true;
  }
  bool down(const char* name) {
    if (path_.size() == deepest) return refuse("it has more than 64 levels");
    path_.emplace_back(name);
    return true;
  }
  bool up() {
    path_.pop_back();
    return true;
  }

  const std::function<void(const JsonLeaf&)>& visit_;
  std::vector<std::string> path_;
  std::string problem_;
};

}  // namespace

std::string for_each_leaf(std::string_view text,
                          const std::function<void(const JsonLeaf&)>& visit) {
  Leaves leaves(visit);
  nlohmann::json::sax_parse(text.begin(), text.end(), &leaves);
  return leaves.problem();
}

}  // namespace mlpack
