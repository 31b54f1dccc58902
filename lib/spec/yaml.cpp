#include "lib/spec/yaml.h"

#include "lib/spec/secrets.h"
#include "lib/text.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

namespace mlpack {
namespace {

constexpr std::size_t max_depth = 64;
constexpr std::size_t max_nodes = 20'000;
constexpr std::size_t max_text = std::size_t{4} << 20;

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string_view without_sign(std::string_view text) {
  return text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
}

bool is_integer(std::string_view text) {
  if (text.starts_with("0o") && text.size() > 2) {
    return text.find_first_not_of("01234567", 2) == std::string_view::npos;
  }
  if (text.starts_with("0x") && text.size() > 2) {
    return text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  }
  return all_digits(without_sign(text));
}

bool is_real(std::string_view text) {
  text = without_sign(text);
  constexpr std::array<std::string_view, 6> special{".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"};
  if (std::find(special.begin(), special.end(), text) != special.end()) return true;
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos && !all_digits(without_sign(text.substr(e + 1)))) return false;
  const std::string_view mantissa = text.substr(0, e);
  const std::size_t dot = mantissa.find('.');
  if (dot == std::string_view::npos) return all_digits(mantissa);
  const std::string_view whole = mantissa.substr(0, dot);
  const std::string_view part = mantissa.substr(dot + 1);
  if (whole.empty()) return all_digits(part);
  return all_digits(whole) && (part.empty() || all_digits(part));
}

YamlNode::Scalar core_type(std::string_view text) {
  constexpr std::array<std::string_view, 6> booleans{
      "true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::find(booleans.begin(), booleans.end(), text) != booleans.end()) {
    return YamlNode::Scalar::boolean;
  }
  if (is_integer(text)) return YamlNode::Scalar::integer;
  return is_real(text) ? YamlNode::Scalar::real : YamlNode::Scalar::text;
}

// Turns the byte columns of yaml-cpp into places.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }
  Place place(const YAML::Mark& mark) {
    if (mark.is_null()) return {1, 1};
    const auto line = std::min(static_cast<std::size_t>(mark.line), starts_.size() - 1);
    return place_of_byte(starts_[line] + static_cast<std::size_t>(mark.column));
  }
  Place place_of_byte(std::size_t at) {
    at = std::min(at, text_.size());
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), at);
    const auto line = static_cast<std::size_t>(next - starts_.begin());
    // Most places come in order: a long line is not counted from its beginning each time.
    if (counted_ < starts_[line - 1] || counted_ > at) {
      counted_ = starts_[line - 1];
      characters_ = 0;
    }
    characters_ += characters(text_.substr(counted_, at - counted_));
    counted_ = at;
    return {line, 1 + characters_};
  }

 private:
  static std::size_t characters(std::string_view bytes) {
    return static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
  }

  std::string_view text_;
  std::vector<std::size_t> starts_;
  std::size_t counted_ = 0;     // up to this byte …
  std::size_t characters_ = 0;  // … its line has so many characters
};

struct Size {
  std::size_t nodes = 1;
  std::size_t text = 0;
};

Size size_of(const YamlNode& node) {
  Size size{1, node.text.size()};
  const auto add = [&](const YamlNode& child) {
    const Size part = size_of(child);
    size.nodes += part.nodes;
    size.text += part.text;
  };
  for (const YamlNode& item : node.items)
    add(item);
  for (const YamlEntry& entry : node.entries) {
    add(entry.value);
    size.text += entry.key.size();
  }
  return size;
}

// Builds the tree from yaml-cpp's events, so that no limit is checked after the fact.
class Builder : public YAML::EventHandler {
 public:
  Builder(Lines& lines, Problems& problems) : lines_(lines), problems_(problems) {}

  std::optional<YamlNode> take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      problems_.fatal(lines_.place(mark),
                      "a second YAML document begins here, but only one is read",
                      "remove the `---`, or put the other document into a file of its own");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.place = lines_.place(mark);
    finish(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Place place = lines_.place(mark);
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      problems_.fatal(place,
                      "this alias stands inside of what it stands for",
                      "write the value out instead of using `*`");
    }
    const Size size = size_of(known->second);
    count(place, size);
    add(YamlNode(known->second), place);
  }
  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.place = lines_.place(mark);
    node.text = value;
    // A tag that is refused is otherwise passed over, so that it is one problem and not two.
    node.plain = check_tag(tag, node.place) ? tag == "?" : true;
    if (node.plain) node.type = core_type(value);
    if (value.find('\0') != std::string::npos) {
      problems_.add(node.place, "this text holds a NUL character, which no image can");
      node.text.clear();
    }
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, YamlNode::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(mark, tag, anchor, YamlNode::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor;
    std::optional<YamlNode> key;  // of a map: the key whose value comes next
    std::map<std::string, Place, std::less<>> keys;
  };

  bool check_tag(const std::string& tag, Place place) {
    if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return true;
    problems_.add(place,
                  fmt::format("the tag `{}` has no meaning here", printable(mask_secrets(tag))),
                  "remove the tag; write quotes to make something text");
    return false;
  }

  void count(Place place, Size size) {
    nodes_ += size.nodes;
    text_ += size.text;
    if (nodes_ > max_nodes || text_ > max_text) {
      problems_.fatal(
          place,
          fmt::format("more than {} values, counting what aliases stand for", max_nodes),
          "use fewer aliases, or shorter lists");
    }
  }

  void open(const YAML::Mark& mark,
            const std::string& tag,
            YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.place = lines_.place(mark);
    frame.anchor = anchor;
    check_tag(tag, frame.node.place);
    if (stack_.size() >= max_depth) {
      problems_.fatal(frame.node.place, fmt::format("nested deeper than {} levels", max_depth));
    }
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(frame.node), frame.anchor);
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    count(node.place, {1, node.text.size()});
    if (anchor != 0) {
      count(node.place, size_of(node));
      anchors_[anchor] = node;
    }
    const Place place = node.place;
    add(std::move(node), place);
  }

  void add(YamlNode node, Place place) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& top = stack_.back();
    if (top.node.kind == YamlNode::Kind::list) {
      top.node.items.push_back(std::move(node));
    } else if (!top.key) {
      node.place = place;
      top.key = std::move(node);
    } else {
      const YamlNode key = *std::exchange(top.key, std::nullopt);
      add_entry(top, key, std::move(node));
    }
  }

  void add_entry(Frame& map, const YamlNode& key, YamlNode value) {
    if (key.kind != YamlNode::Kind::scalar) {
      problems_.add(key.place, "a key must be text");
      return;
    }
    if (key.text == "<<" && key.plain) {
      problems_.add(key.place,
                    "merge keys (`<<`) are not supported",
                    "write the keys out; what depends on the build can be a variable: `${NAME}`");
      return;
    }
    const auto [first, is_new] = map.keys.emplace(key.text, key.place);
    if (!is_new) {
      problems_.add(key.place,
                    fmt::format("the key `{}` is there twice; the first is in line {}",
                                printable(key.text),
                                first->second.line));
      return;
    }
    // yaml-cpp places an absent value where the next token is.
    if (value.kind == YamlNode::Kind::null) value.place = key.place;
    map.node.entries.push_back({key.text, key.place, std::move(value)});
  }

  Lines& lines_;
  Problems& problems_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::optional<YamlNode> root_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t text_ = 0;
};

std::size_t first_bad_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && !is_utf8(text.substr(at, length)))
      ++length;
    if (length > 4) break;
    at += length;
  }
  return at;
}

void check_bytes(std::string_view text, Lines& lines, Problems& problems) {
  const std::size_t nul = text.find('\0');
  if (nul != std::string_view::npos) {
    problems.fatal(lines.place_of_byte(nul),
                   "a NUL byte; YAML is text in UTF-8",
                   "save the file as UTF-8 without NUL bytes");
  }
  if (is_utf8(text)) return;
  problems.fatal(lines.place_of_byte(first_bad_byte(text)),
                 "a byte that is not UTF-8",
                 "save the file as UTF-8");
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::find_if(
      entries.begin(), entries.end(), [&](const YamlEntry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

YamlNode parse_yaml(std::string_view text, Problems& problems) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  Lines lines(text);
  check_bytes(text, lines, problems);
  Builder builder(lines, problems);
  std::istringstream stream{std::string(text)};
  // yaml-cpp reports with exceptions of its own; this is where they become ours.
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    problems.fatal(lines.place(error.mark), fmt::format("this is not YAML: {}", error.msg));
  }
  return builder.take().value_or(YamlNode());
}

}  // namespace mlpack
