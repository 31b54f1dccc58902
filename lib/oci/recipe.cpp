#include "lib/oci/recipe.h"

#include "lib/text.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

// recipe  = "mlpack-recipe " VERSION LF
//           role SP name SP mtime SP ENTRIES LF
//           *entry
//           "sha256 " HEX LF                          over all bytes before this line
// entry   = kind SP path SP mode SP uid SP gid SP rest LF
// kind    = "f" / "d" / "l" / "h"
// rest    = size SP content                           of a file
//         / link                                      of a symlink or hardlink, empty for a folder
// content = "=" text                                  bytes in memory
//         / "<" path SP device SP inode SP size SP mtime SP ctime SP offset
//         / "!" HEX SP member                         a member of a .deb
//         / "*" HEX SP HEX SP member                  a member of a wheel, and its sha256
//         / "@" [HEX] SP source SP path SP version    a file in the network
//         / "+" count *( SP size SP content )         parts, each "=" or "<"
//
// Numbers are decimal (mode octal). In names and text `%`, control bytes, space and, where the
// whole is not UTF-8, bytes above 0x7f are written as %XX.

namespace mlpack {
namespace {

constexpr std::array<std::string_view, 6> role_names{
    "base", "system", "python", "weights", "files", "config"};
constexpr std::string_view kinds = "fdlh";  // in the order of EntryKind
constexpr std::string_view hex_digits = "0123456789ABCDEF";
constexpr std::string_view sum_prefix = "sha256 ";
constexpr std::size_t sum_line_size = sum_prefix.size() + 64 + 1;

std::string header() {
  return fmt::format("mlpack-recipe {}\n", layer_format);
}

bool is_plain(char c, bool keep_high) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '%' && byte != 0x7f && (byte < 0x80 || keep_high);
}

void put_escaped(std::string& out, std::string_view text) {
  const bool is_ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
  const bool keep_high = !is_ascii && is_utf8(text);
  while (true) {
    const auto* const end =
        std::find_if_not(text.begin(), text.end(), [&](char c) { return is_plain(c, keep_high); });
    out.append(text.begin(), end);
    if (end == text.end()) return;
    const auto byte = static_cast<unsigned char>(*end);
    out += '%';
    out += hex_digits[byte >> 4U];
    out += hex_digits[byte & 15U];
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()) + 1);
  }
}

template <class Number>
void put_number(std::string& out, Number number) {
  const fmt::format_int text(number);
  out += ' ';
  out.append(text.data(), text.size());
}

void put(std::string& out, const std::string& text) {
  out += " =";
  put_escaped(out, text);
}

void put(std::string& out, const FileRange& range) {
  out += " <";
  put_escaped(out, range.path);
  put_number(out, range.identity.device);
  put_number(out, range.identity.inode);
  put_number(out, range.identity.size);
  put_number(out, range.identity.mtime_ns);
  put_number(out, range.identity.ctime_ns);
  put_number(out, range.offset);
}

void put(std::string& out, const DebMember& member) {
  out += " !" + member.archive.hex() + " ";
  put_escaped(out, member.member);
}

void put(std::string& out, const WheelMember& member) {
  out += fmt::format(" *{} {} ", member.archive.hex(), member.sha256.hex());
  put_escaped(out, member.member);
}

void put(std::string& out, const RemoteContent& remote) {
  out += " @" + (remote.sha256 ? remote.sha256->hex() : std::string());
  for (const std::string* text : {&remote.source, &remote.path, &remote.version}) {
    out += ' ';
    put_escaped(out, *text);
  }
}

void put(std::string& out, const Parts& parts) {
  out += fmt::format(" +{}", parts.size());
  for (const Part& part : parts) {
    put_number(out, part.size);
    std::visit([&](const auto& content) { put(out, content); }, part.content);
  }
}

void put_entry(std::string& out, const RecipeEntry& entry) {
  out += kinds[static_cast<std::size_t>(entry.kind)];
  out += ' ';
  put_escaped(out, entry.path);
  out += fmt::format(" {:o}", entry.mode);
  put_number(out, entry.uid);
  put_number(out, entry.gid);
  if (entry.kind == EntryKind::file) {
    put_number(out, entry.size);
    std::visit([&](const auto& content) { put(out, content); }, entry.content);
  } else {
    out += ' ';
    put_escaped(out, entry.link);
  }
  out += '\n';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes fields off the front of a line. What is missing or malformed makes it `bad` for good.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  bool at_end() const { return done_; }
  bool bad() const { return bad_; }
  std::string_view raw();
  std::string text() { return unescape(raw()); }
  std::string unescape(std::string_view field);
  std::uint64_t number() { return number(raw()); }
  std::uint64_t number(std::string_view field) { return decimal<std::uint64_t>(field); }
  std::int64_t signed_number() { return decimal<std::int64_t>(raw()); }
  unsigned octal();
  void fail() { bad_ = true; }

 private:
  template <class Number>
  Number decimal(std::string_view field) {
    Number number = 0;
    const auto result = std::from_chars(field.begin(), field.end(), number);
    if (result.ec != std::errc() || result.ptr != field.end()) fail();
    return number;
  }

  std::string_view rest_;
  bool done_ = false;
  bool bad_ = false;
};

std::string_view Fields::raw() {
  if (done_) {
    fail();
    return {};
  }
  const std::size_t end = rest_.find(' ');
  const std::string_view field = rest_.substr(0, end);
  done_ = end == std::string_view::npos;
  rest_ = done_ ? std::string_view() : rest_.substr(end + 1);
  return field;
}

std::string Fields::unescape(std::string_view field) {
  std::string text;
  text.reserve(field.size());
  while (true) {
    const std::size_t percent = field.find('%');
    text += field.substr(0, percent);
    if (percent == std::string_view::npos) return text;
    const int high = percent + 1 < field.size() ? hex_value(field[percent + 1]) : -1;
    const int low = percent + 2 < field.size() ? hex_value(field[percent + 2]) : -1;
    if (high < 0 || low < 0) {
      fail();
      return {};
    }
    text += static_cast<char>(high * 16 + low);
    field.remove_prefix(percent + 3);
  }
}

unsigned Fields::octal() {
  unsigned mode = 0;
  const std::string_view field = raw();
  if (field.empty() || field.size() > 5) fail();
  for (const char c : field.substr(0, 5)) {
    if (c < '0' || c > '7') fail();
    mode = mode * 8 + static_cast<unsigned>(c - '0') % 8;
  }
  return mode;
}

FileRange read_range(Fields& fields, std::string_view path) {
  FileRange range;
  range.path = fields.unescape(path);
  range.identity.device = fields.number();
  range.identity.inode = fields.number();
  range.identity.size = fields.number();
  range.identity.mtime_ns = fields.signed_number();
  range.identity.ctime_ns = fields.signed_number();
  range.offset = fields.number();
  return range;
}

Parts read_parts(Fields& fields, std::uint64_t count) {
  Parts parts;
  for (std::uint64_t i = 0; i < count && !fields.bad(); ++i) {
    Part& part = parts.emplace_back();
    part.size = fields.number();
    const std::string_view field = fields.raw();
    if (field.starts_with('=')) {
      part.content = fields.unescape(field.substr(1));
    } else if (field.starts_with('<')) {
      part.content = read_range(fields, field.substr(1));
    } else {
      fields.fail();
    }
  }
  return parts;
}

Content read_content(Fields& fields) {
  const std::string_view field = fields.raw();
  const char kind = field.empty() ? '\0' : field[0];
  const std::string_view first = field.substr(field.empty() ? 0 : 1);
  if (kind == '=') return fields.unescape(first);
  if (kind == '<') return read_range(fields, first);
  if (kind == '+') return read_parts(fields, fields.number(first));
  const auto digest = Digest::from_hex(first);
  if (kind == '!' && digest) return DebMember{*digest, fields.text()};
  if (kind == '*' && digest) {
    const auto sha256 = Digest::from_hex(fields.raw());
    if (sha256) return WheelMember{*digest, fields.text(), *sha256};
  }
  if (kind == '@' && (digest || first.empty())) {
    return RemoteContent{fields.text(), fields.text(), fields.text(), digest};
  }
  fields.fail();
  return {};
}

bool is_clean_path(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::optional<RecipeEntry> read_entry(std::string_view line) {
  Fields fields(line);
  RecipeEntry entry;
  const std::string_view kind = fields.raw();
  const std::size_t index = kind.size() == 1 ? kinds.find(kind[0]) : std::string_view::npos;
  if (index == std::string_view::npos) return std::nullopt;
  entry.kind = static_cast<EntryKind>(index);
  entry.path = fields.text();
  entry.mode = fields.octal();
  entry.uid = fields.number();
  entry.gid = fields.number();
  if (entry.kind == EntryKind::file) {
    entry.size = fields.number();
    entry.content = read_content(fields);
  } else {
    entry.link = fields.text();
  }
  if (fields.bad() || !fields.at_end() || !is_clean_path(entry.path)) return std::nullopt;
  return entry;
}

std::optional<Role> role_of(std::string_view name) {
  const auto* const found = std::find(role_names.begin(), role_names.end(), name);
  if (found == role_names.end()) return std::nullopt;
  return static_cast<Role>(found - role_names.begin());
}

// The text without its header and last line, if those are right.
std::optional<std::string_view> checked_body(std::string_view text) {
  const std::string first = header();
  if (text.substr(0, first.size()) != first) return std::nullopt;
  if (text.size() < first.size() + sum_line_size) return std::nullopt;
  const std::string_view body = text.substr(0, text.size() - sum_line_size);
  const std::string sum = fmt::format("{}{}\n", sum_prefix, Digest::of(body).hex());
  if (text.substr(body.size()) != sum) return std::nullopt;
  return body.substr(first.size());
}

// The front of `body` to the next end of line, taken off it.
std::string_view take_line(std::string_view& body) {
  const std::size_t end = std::min(body.find('\n'), body.size());
  const std::string_view line = body.substr(0, end);
  body.remove_prefix(std::min(end + 1, body.size()));
  return line;
}

}  // namespace

std::string_view role_name(Role role) {
  return role_names[static_cast<std::size_t>(role)];
}

bool is_as_it_was(const LayerRecipe& recipe) {
  bool unchanged = true;
  for (const RecipeEntry& entry : recipe.entries) {
    for_each_range(entry.content, [&](const FileRange& range) {
      struct stat now {};
      unchanged =
          unchanged && ::stat(range.path.c_str(), &now) == 0 && identity_of(now) == range.identity;
    });
  }
  return unchanged;
}

const Digest* archive_of(const Content& content) {
  if (const auto* member = std::get_if<DebMember>(&content)) return &member->archive;
  if (const auto* member = std::get_if<WheelMember>(&content)) return &member->archive;
  return nullptr;
}

bool is_remote(const LayerRecipe& recipe) {
  return std::any_of(recipe.entries.begin(), recipe.entries.end(), [](const RecipeEntry& entry) {
    return std::holds_alternative<RemoteContent>(entry.content);
  });
}

std::string write_recipe(const LayerRecipe& recipe) {
  std::string out = header();
  out += role_name(recipe.role);
  out += ' ';
  put_escaped(out, recipe.name);
  put_number(out, recipe.mtime);
  put_number(out, recipe.entries.size());
  out += '\n';
  for (const RecipeEntry& entry : recipe.entries)
    put_entry(out, entry);
  out += fmt::format("{}{}\n", sum_prefix, Digest::of(out).hex());
  return out;
}

std::optional<LayerRecipe> parse_recipe(std::string_view text) {
  std::optional<std::string_view> body = checked_body(text);
  if (!body) return std::nullopt;
  Fields fields(take_line(*body));
  LayerRecipe recipe;
  const std::optional<Role> role = role_of(fields.raw());
  recipe.name = fields.text();
  recipe.mtime = fields.signed_number();
  const std::uint64_t count = fields.number();
  if (!role || fields.bad() || !fields.at_end()) return std::nullopt;
  recipe.role = *role;
  while (!body->empty()) {
    std::optional<RecipeEntry> entry = read_entry(take_line(*body));
    if (!entry) return std::nullopt;
    recipe.entries.push_back(std::move(*entry));
  }
  if (recipe.entries.size() != count) return std::nullopt;
  return recipe;
}

}  // namespace mlpack
