#include "lib/python/marker.h"

#include "lib/python/name.h"
#include "lib/python/specifier.h"
#include "lib/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

constexpr std::array<std::string_view, 11> marker_names{"os_name",
                                                        "sys_platform",
                                                        "platform_machine",
                                                        "platform_python_implementation",
                                                        "platform_release",
                                                        "platform_system",
                                                        "platform_version",
                                                        "python_version",
                                                        "python_full_version",
                                                        "implementation_name",
                                                        "implementation_version"};

// Names from before PEP 508, which some packages still have.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> old_marker_names{
    {{"os.name", "os_name"},
     {"sys.platform", "sys_platform"},
     {"platform.version", "platform_version"},
     {"platform.machine", "platform_machine"},
     {"platform.python_implementation", "platform_python_implementation"},
     {"python_implementation", "platform_python_implementation"}}};

constexpr int deepest_marker = 100;

struct MarkerValue {
  enum class Kind { text, variable, extra, extras, groups };
  Kind kind = Kind::text;
  std::string text;  // of a variable: its value
};

// Recursive descent over PEP 508's grammar. What breaks it makes it `bad` for good.
class MarkerParser {
 public:
  MarkerParser(std::string_view text, const MarkerEnvironment& environment)
      : rest_(text), environment_(environment) {}

  std::optional<bool> parse() {
    const bool value = any();
    skip_blanks();
    if (bad_ || !rest_.empty()) return std::nullopt;
    return value;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }

  static bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  }

  std::string_view peek_word() {
    skip_blanks();
    const auto* const end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
    return rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  }

  bool take_word(std::string_view word) {
    if (peek_word() != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  bool take(char c) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool any() {
    bool value = all();
    while (!bad_ && take_word("or")) {
      const bool right = all();
      value = value || right;
    }
    return value;
  }

  bool all() {
    bool value = one();
    while (!bad_ && take_word("and")) {
      const bool right = one();
      value = value && right;
    }
    return value;
  }

  bool one() {
    if (bad_ || ++depth_ > deepest_marker) return fail();
    if (!take('(')) {
      --depth_;
      return comparison();
    }
    const bool value = any();
    --depth_;
    return take(')') ? value : fail();
  }

  bool comparison() {
    const MarkerValue left = operand();
    const std::string op = comparison_operator();
    const MarkerValue right = operand();
    return bad_ ? false : compare(left, op, right);
  }

  MarkerValue operand() {
    skip_blanks();
    for (const char quote : {'\'', '"'}) {
      if (!take(quote)) continue;
      const std::size_t end = rest_.find(quote);
      if (end == std::string_view::npos) break;
      MarkerValue value{MarkerValue::Kind::text, std::string(rest_.substr(0, end))};
      rest_.remove_prefix(end + 1);
      return value;
    }
    const std::string_view word = peek_word();
    rest_.remove_prefix(word.size());
    return variable(word);
  }

  MarkerValue variable(std::string_view word) {
    for (const auto& [old, name] : old_marker_names) {
      if (word == old) word = name;
    }
    if (word == "extra") return {MarkerValue::Kind::extra, {}};
    if (word == "extras") return {MarkerValue::Kind::extras, {}};
    if (word == "dependency_groups") return {MarkerValue::Kind::groups, {}};
    if (std::find(marker_names.begin(), marker_names.end(), word) == marker_names.end()) {
      fail();
      return {};
    }
    const auto found = environment_.values.find(word);
    return {MarkerValue::Kind::variable,
            found == environment_.values.end() ? std::string() : found->second};
  }

  std::string comparison_operator() {
    skip_blanks();
    if (take_word("in")) return "in";
    if (take_word("not")) {
      if (!take_word("in")) fail();
      return "not in";
    }
    for (const std::string_view op : {"===", "~=", "==", "!=", "<=", ">=", "<", ">"}) {
      if (!rest_.starts_with(op)) continue;
      rest_.remove_prefix(op.size());
      return std::string(op);
    }
    fail();
    return {};
  }

  bool compare(const MarkerValue& left, const std::string& op, const MarkerValue& right) {
    using Kind = MarkerValue::Kind;
    if (right.kind == Kind::extras || right.kind == Kind::groups) {
      const auto& names = right.kind == Kind::extras ? environment_.extras : environment_.groups;
      if (op != "in" && op != "not in") return fail();
      return names.contains(normalized_name(left.text)) == (op == "in");
    }
    if (left.kind == Kind::extras || left.kind == Kind::groups) return fail();
    if (left.kind == Kind::extra) return is_extra(right.text, op);
    if (right.kind == Kind::extra) return is_extra(left.text, op);
    return compare_texts(left.text, op, right.text);
  }

  bool is_extra(const std::string& name, const std::string& op) {
    if (op != "==" && op != "!=") return fail();
    return environment_.extras.contains(normalized_name(name)) == (op == "==");
  }

  // As versions where both are, else as texts.
  bool compare_texts(const std::string& left, const std::string& op, const std::string& right) {
    if (op == "in") return right.find(left) != std::string::npos;
    if (op == "not in") return right.find(left) == std::string::npos;
    const auto specifier = PythonSpecifier::parse(op + right);
    const auto version = PythonVersion::parse(left);
    if (specifier && version) return specifier->contains(*version);
    if (op == "==" || op == "===") return left == right;
    if (op == "!=") return left != right;
    if (op == "<") return left < right;
    if (op == "<=") return left <= right;
    if (op == ">") return left > right;
    if (op == ">=") return left >= right;
    return fail();
  }

  bool fail() {
    bad_ = true;
    return false;
  }

  std::string_view rest_;
  const MarkerEnvironment& environment_;
  bool bad_ = false;
  int depth_ = 0;
};

}  // namespace

MarkerEnvironment linux_markers(const std::string& full_version, const std::string& machine) {
  const std::size_t dot = full_version.find('.', full_version.find('.') + 1);
  return {{{"os_name", "posix"},
           {"sys_platform", "linux"},
           {"platform_machine", machine},
           {"platform_python_implementation", "CPython"},
           {"platform_release", ""},
           {"platform_system", "Linux"},
           {"platform_version", ""},
           {"python_version", full_version.substr(0, dot)},
           {"python_full_version", full_version},
           {"implementation_name", "cpython"},
           {"implementation_version", full_version}},
          {},
          {}};
}

std::optional<bool> evaluate_marker(std::string_view text, const MarkerEnvironment& environment) {
  if (trim(text).empty()) return true;
  return MarkerParser(text, environment).parse();
}

}  // namespace mlpack
