#include "layers/wheel_listing.h"

#include "layers/field_text.h"
#include "layers/wheel_record.h"
#include "layers/wheel_zip.h"
#include "lib/error.h"
#include "lib/python/name.h"
#include "lib/python/tags.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view wheel_listing_version = "wheel listing 2";
constexpr std::uint64_t largest_metadata = std::uint64_t{16} << 20;
constexpr std::uint64_t largest_record = std::uint64_t{256} << 20;
constexpr std::uint64_t largest_script = std::uint64_t{16} << 20;
constexpr std::string_view python_shebang = "#!python";

// What an installer writes itself, and signatures that nobody checks any more.
constexpr std::array<std::string_view, 4> installers_files{
    "RECORD", "INSTALLER", "REQUESTED", "direct_url.json"};
constexpr std::array<std::string_view, 2> signatures{"RECORD.jws", "RECORD.p7s"};
constexpr std::array<std::string_view, 5> data_folders{
    "purelib", "platlib", "scripts", "headers", "data"};

// The values of the lines `Name: value` in the header of METADATA or WHEEL.
std::vector<std::string> header_values(std::string_view text, std::string_view name) {
  std::vector<std::string> values;
  for (const std::string_view line : split(text, '\n')) {
    if (trim(line).empty()) break;
    const std::size_t colon = line.find(':');
    const bool found = colon != std::string_view::npos &&
                       to_lower(trim(line.substr(0, colon))) == to_lower(name) && line[0] != ' ';
    if (found) values.emplace_back(trim(line.substr(colon + 1)));
  }
  return values;
}

// The first of them; empty where there is none.
std::string header_value(std::string_view text, std::string_view name) {
  const std::vector<std::string> values = header_values(text, name);
  return values.empty() ? std::string() : values.front();
}

bool is_dotted_name(std::string_view text) {
  const auto parts = split(text, '.');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    const bool starts_right = !part.empty() && (part[0] < '0' || part[0] > '9');
    return starts_right && std::all_of(part.begin(), part.end(), [](char c) {
             return c == '_' || c < 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z');
           });
  });
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.size() <= 200 && is_utf8(name) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 && byte != 0x7f && c != '/' && c != '\\';
         });
}

class WheelReader {
 public:
  WheelReader(const fs::path& path, const std::string& file)
      : zip_(path, file), file_(printable(file)), name_(parse_wheel_name(file)) {
    for (const ZipMember& member : zip_.members()) {
      if (member.kind == ZipMember::Kind::file) members_.emplace(member.name, &member);
    }
  }

  WheelListing read() {
    if (!name_) fail(Fault::usage, "`{}` is no name of a wheel", file_);
    find_dist_info();
    check_wheel();
    check_metadata();
    read_files();
    read_entry_points();
    return std::move(listing_);
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(Fault::integrity,
         "the wheel `{}` cannot be installed: {}",
         file_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  void find_dist_info() {
    constexpr std::string_view suffix = ".dist-info";
    for (const auto& [path, member] : members_) {
      const std::string top = path.substr(0, path.find('/'));
      if (!top.ends_with(suffix) || top == listing_.dist_info || top == path) continue;
      if (!listing_.dist_info.empty()) {
        refuse("it has two folders `{}` and `{}`", listing_.dist_info, top);
      }
      listing_.dist_info = top;
    }
    if (listing_.dist_info.empty()) refuse("it has no folder `.dist-info`");
    const std::string_view stem =
        std::string_view(listing_.dist_info).substr(0, listing_.dist_info.size() - suffix.size());
    if (normalized_name(stem.substr(0, stem.find('-'))) != name_->name) {
      refuse("its folder `{}` is of another package", listing_.dist_info);
    }
  }

  const ZipMember* find(const std::string& name) const {
    const auto found = members_.find(listing_.dist_info + "/" + name);
    return found == members_.end() ? nullptr : found->second;
  }

  std::string text_of(const std::string& name, std::uint64_t limit) const {
    const ZipMember* const member = find(name);
    if (member == nullptr) refuse("`{}/{}` is missing", listing_.dist_info, name);
    return zip_.read(*member, limit);
  }

  void check_wheel() const {
    const std::string version = header_value(text_of("WHEEL", largest_metadata), "Wheel-Version");
    if (version.empty()) refuse("its WHEEL has no Wheel-Version");
    if (version.substr(0, version.find('.')) == "1") return;
    fail(Fault::incompatible,
         "the wheel `{}` has version {} of the format; mlpack knows 1",
         file_,
         printable(version));
  }

  void check_metadata() {
    const std::string text = text_of("METADATA", largest_metadata);
    const std::string name = header_value(text, "Name");
    listing_.name = normalized_name(name);
    listing_.version = header_value(text, "Version");
    listing_.requires_python = header_value(text, "Requires-Python");
    listing_.dependencies = header_values(text, "Requires-Dist");
    const auto version = PythonVersion::parse(listing_.version);
    const bool is_same = listing_.name == name_->name && version && *version == name_->parsed;
    if (is_same) return;
    refuse("its METADATA is of `{}` {}", printable(name), printable(listing_.version));
  }

  bool is_installers(const std::string& path) const {
    return std::any_of(installers_files.begin(), installers_files.end(), [&](auto name) {
      return path == fmt::format("{}/{}", listing_.dist_info, name);
    });
  }

  bool is_signature(const std::string& path) const {
    return std::any_of(signatures.begin(), signatures.end(), [&](auto name) {
      return path == fmt::format("{}/{}", listing_.dist_info, name);
    });
  }

  // `NAME-VERSION.data/KIND/…`: the name may be spelled in another way than that of `.dist-info`.
  void find_data(const std::string& path) {
    constexpr std::string_view suffix = ".data";
    const std::size_t slash = path.find('/');
    const std::string_view top = std::string_view(path).substr(0, slash);
    const std::size_t dash = top.find('-');
    if (slash == std::string::npos || dash == std::string_view::npos || !top.ends_with(suffix) ||
        normalized_name(top.substr(0, dash)) != listing_.name) {
      return;
    }
    if (!listing_.data.empty() && listing_.data != top) {
      refuse("it has two folders `{}` and `{}`", listing_.data, top);
    }
    listing_.data = top;
    const std::size_t end = path.find('/', slash + 1);
    const std::string kind = path.substr(slash + 1, end - slash - 1);
    const bool is_known =
        end != std::string::npos &&
        std::find(data_folders.begin(), data_folders.end(), kind) != data_folders.end();
    if (!is_known) refuse("`{}` goes to a place that is not known", path);
  }

  void read_files() {
    const auto records = parse_record(text_of("RECORD", largest_record), file_);
    for (const auto& [path, member] : members_) {
      if (is_installers(path) || is_signature(path)) continue;
      find_data(path);
      const auto record = records.find(path);
      if (record == records.end()) refuse("`{}` is not in its RECORD", path);
      if (!record->second.sha256) refuse("its RECORD has no sha256 of `{}`", path);
      if (record->second.size && *record->second.size != member->size) {
        refuse("`{}` has {} bytes, and {} in its RECORD", path, member->size, *record->second.size);
      }
      add_file(*member, *record->second.sha256);
    }
    for (const auto& [path, record] : records) {
      const bool is_there = members_.contains(path) || is_installers(path) || is_signature(path);
      if (!is_there) refuse("its RECORD has `{}`, which is not in it", printable(path));
    }
  }

  void add_file(const ZipMember& member, const Digest& sha256) {
    const bool runs = (member.mode & 0111U) != 0;
    WheelFile file{member.name,
                   runs ? WheelFile::Rights::executable : WheelFile::Rights::plain,
                   member.size,
                   sha256,
                   {},
                   WheelFile::Kind::file};
    const bool is_script =
        !listing_.data.empty() && member.name.starts_with(listing_.data + "/scripts/");
    if (is_script) {
      file.rights = WheelFile::Rights::executable;
      read_script(member, file);
    }
    listing_.files.push_back(std::move(file));
  }

  // Programs of machine code lie there too, and are not read.
  void read_script(const ZipMember& member, WheelFile& file) const {
    std::array<std::byte, python_shebang.size()> start{};
    const std::unique_ptr<Source> source = zip_.open(member);
    std::size_t count = 0;
    while (count < start.size()) {
      const std::size_t more = source->read(std::span(start).subspan(count));
      if (more == 0) break;
      count += more;
    }
    const auto expected = as_bytes(python_shebang);
    const bool is_python =
        count == start.size() && std::equal(start.begin(), start.end(), expected.begin());
    if (!is_python) return;
    const std::string text = zip_.read(member, largest_script);
    if (Digest::of(text) != file.sha256) refuse("`{}` is not what RECORD says", member.name);
    const std::size_t end = text.find('\n');
    file.kind = WheelFile::Kind::python_script;
    file.script = end == std::string::npos ? std::string() : text.substr(end + 1);
  }

  void read_entry_points() {
    if (find("entry_points.txt") == nullptr) return;
    std::map<std::string, WheelEntryPoint> scripts;
    bool is_ours = false;
    const std::string text = text_of("entry_points.txt", largest_metadata);
    for (std::string_view line : split(text, '\n')) {
      line = trim(line);
      if (line.empty() || line[0] == '#' || line[0] == ';') continue;
      if (line[0] == '[') {
        is_ours = line == "[console_scripts]" || line == "[gui_scripts]";
      } else if (is_ours) {
        WheelEntryPoint point = entry_point(line);
        scripts[point.name] = std::move(point);
      }
    }
    for (auto& entry : scripts)
      listing_.scripts.push_back(std::move(entry.second));
  }

  WheelEntryPoint entry_point(std::string_view line) const {
    const std::size_t equals = line.find('=');
    WheelEntryPoint point;
    point.name = trim(line.substr(0, equals));
    std::string_view target = equals == std::string_view::npos ? "" : line.substr(equals + 1);
    target = trim(target.substr(0, target.find('[')));
    const std::size_t colon = target.find(':');
    point.module = trim(target.substr(0, colon));
    if (colon != std::string_view::npos) point.function = trim(target.substr(colon + 1));
    const bool is_right =
        is_file_name(point.name) && is_dotted_name(point.module) && is_dotted_name(point.function);
    if (!is_right) refuse("`{}` is no entry point", printable(line));
    return point;
  }

  ZipFile zip_;
  std::string file_;
  std::optional<WheelName> name_;
  std::map<std::string, const ZipMember*> members_;
  WheelListing listing_;
};

}  // namespace

WheelListing list_wheel(const fs::path& path, const std::string& file) {
  return WheelReader(path, file).read();
}

std::string write_wheel_listing(const WheelListing& listing) {
  FieldWriter out;
  out.add(wheel_listing_version);
  for (const std::string* text : {&listing.name,
                                  &listing.version,
                                  &listing.dist_info,
                                  &listing.requires_python,
                                  &listing.data})
    out.add(*text);
  out.add(std::uint64_t{listing.dependencies.size()});
  for (const std::string& dependency : listing.dependencies)
    out.add(dependency);
  out.add(std::uint64_t{listing.files.size()});
  for (const WheelFile& file : listing.files) {
    out.add(file.path);
    out.add(static_cast<std::uint64_t>(file.rights));
    out.add(file.size);
    out.add(file.sha256.hex());
    out.add(static_cast<std::uint64_t>(file.kind));
    out.add(file.script);
  }
  out.add(std::uint64_t{listing.scripts.size()});
  for (const WheelEntryPoint& point : listing.scripts) {
    for (const std::string* text : {&point.name, &point.module, &point.function})
      out.add(*text);
  }
  return out.take();
}

std::optional<WheelListing> parse_wheel_listing(std::string_view text) {
  FieldReader in(text);
  if (in.text() != wheel_listing_version) return std::nullopt;
  WheelListing listing;
  for (std::string* field : {&listing.name,
                             &listing.version,
                             &listing.dist_info,
                             &listing.requires_python,
                             &listing.data})
    *field = in.text();
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    listing.dependencies.push_back(in.text());
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    WheelFile file{in.text(), {}, 0, Digest::of(""), {}, {}};
    file.rights = static_cast<WheelFile::Rights>(in.number(1));
    file.size = in.number();
    const auto digest = Digest::from_hex(in.text());
    if (!digest) return std::nullopt;
    file.sha256 = *digest;
    file.kind = static_cast<WheelFile::Kind>(in.number(1));
    file.script = in.text();
    listing.files.push_back(std::move(file));
  }
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    WheelEntryPoint point;
    for (std::string* field : {&point.name, &point.module, &point.function})
      *field = in.text();
    listing.scripts.push_back(std::move(point));
  }
  return in.done() ? std::optional(std::move(listing)) : std::nullopt;
}

}  // namespace mlpack
