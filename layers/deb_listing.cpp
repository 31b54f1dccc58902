#include "layers/deb_listing.h"

#include "layers/deb_stanza.h"
#include "layers/field_text.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>

namespace mlpack {
namespace {

constexpr std::size_t largest_control = std::size_t{1} << 20;
constexpr std::size_t largest_certificates = std::size_t{16} << 20;
constexpr std::string_view certificate_folder = "usr/share/ca-certificates/";
constexpr std::uint64_t largest_priority = std::numeric_limits<int>::max();
constexpr std::string_view listing_format = "deb listing 1";

std::string content_of(DebArchive& archive, const DebFile& file, std::size_t limit) {
  if (file.size > limit) {
    fail(Fault::integrity, "`{}` has {}", file.path, human_size(file.size));
  }
  std::string text(file.size, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t count = archive.read(std::as_writable_bytes(std::span(text).subspan(done)));
    if (count == 0) fail(Fault::integrity, "`{}` ends early", file.path);
    done += count;
  }
  return text;
}

struct Control {
  std::string paragraph;
  std::string postinst;
};

Control read_control(const fs::path& deb) {
  Control control;
  DebArchive archive(deb, DebArchive::Part::control);
  for (auto file = archive.next(); file; file = archive.next()) {
    if (file->kind != EntryKind::file) continue;
    if (file->path == "control") control.paragraph = content_of(archive, *file, largest_control);
    if (file->path == "postinst") control.postinst = content_of(archive, *file, largest_control);
  }
  const auto paragraphs = deb_paragraphs(control.paragraph);
  if (paragraphs.size() != 1) fail(Fault::integrity, "its control file is not one paragraph");
  control.paragraph = paragraphs[0];
  return control;
}

void check_control(const std::string& control, const DebPackage& package) {
  const std::string_view name = deb_field(control, "Package");
  const std::string_view version = deb_field(control, "Version");
  if (name != package.name || version != package.version) {
    fail(Fault::integrity, "it holds `{}` {}", printable(name), printable(version));
  }
}

bool is_certificate(const DebFile& file) {
  return file.kind == EntryKind::file && file.path.starts_with(certificate_folder) &&
         file.path.ends_with(".crt");
}

void read_data(const fs::path& deb, DebListing& listing) {
  DebArchive archive(deb, DebArchive::Part::data);
  std::size_t left = largest_certificates;
  for (auto file = archive.next(); file; file = archive.next()) {
    if (is_certificate(*file)) {
      const std::string text = content_of(archive, *file, left);
      left -= text.size();
      listing.certificates.emplace(file->path.substr(certificate_folder.size()), text);
    }
    listing.files.push_back(*file);
  }
}

void write_file(FieldWriter& out, const DebFile& file) {
  out.add(file.path);
  out.add(static_cast<std::uint64_t>(file.kind));
  out.add(file.mode);
  out.add(file.uid);
  out.add(file.gid);
  out.add(file.link);
  out.add(file.size);
}

DebFile read_file_entry(FieldReader& in) {
  DebFile file;
  file.path = in.text();
  file.kind = static_cast<EntryKind>(in.number(3));
  file.mode = static_cast<unsigned>(in.number(07777));
  file.uid = in.number();
  file.gid = in.number();
  file.link = in.text();
  file.size = in.number();
  return file;
}

void write_alternative(FieldWriter& out, const Alternative& alternative) {
  out.add(alternative.link);
  out.add(alternative.name);
  out.add(alternative.path);
  out.add(alternative.priority < 0 ? "-" : "+");
  out.add(static_cast<std::uint64_t>(std::abs(std::int64_t{alternative.priority})));
  out.add(alternative.slaves.size());
  for (const AlternativeSlave& slave : alternative.slaves) {
    out.add(slave.link);
    out.add(slave.name);
    out.add(slave.path);
  }
}

Alternative read_alternative(FieldReader& in) {
  Alternative found;
  found.link = in.text();
  found.name = in.text();
  found.path = in.text();
  const bool negative = in.text() == "-";
  const int priority = static_cast<int>(in.number(largest_priority));
  found.priority = negative ? -priority : priority;
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    AlternativeSlave& slave = found.slaves.emplace_back();
    slave.link = in.text();
    slave.name = in.text();
    slave.path = in.text();
  }
  return found;
}

}  // namespace

DebListing list_deb(const fs::path& deb, const DebPackage& package) {
  return in_context(fmt::format("cannot unpack `{}` {}", package.name, package.version), [&] {
    DebListing listing;
    Control control = read_control(deb);
    check_control(control.paragraph, package);
    listing.control = std::move(control.paragraph);
    read_data(deb, listing);
    std::set<std::string> paths;
    for (const DebFile& file : listing.files)
      paths.insert("/" + file.path);
    listing.alternatives = read_alternatives(
        control.postinst, package.name, package.architecture, [&](const std::string& path) {
          return paths.count(path) != 0;
        });
    return listing;
  });
}

std::string write_listing(const DebListing& listing) {
  FieldWriter out;
  out.add(listing_format);
  out.add(listing.control);
  out.add(listing.files.size());
  for (const DebFile& file : listing.files)
    write_file(out, file);
  out.add(listing.alternatives.size());
  for (const Alternative& alternative : listing.alternatives)
    write_alternative(out, alternative);
  out.add(listing.certificates.size());
  for (const auto& [path, content] : listing.certificates) {
    out.add(path);
    out.add(content);
  }
  return out.take();
}

std::optional<DebListing> parse_listing(std::string_view text) {
  FieldReader in(text);
  if (in.text() != listing_format) return std::nullopt;
  DebListing listing;
  listing.control = in.text();
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    listing.files.push_back(read_file_entry(in));
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left)
    listing.alternatives.push_back(read_alternative(in));
  for (std::uint64_t left = in.count(); left > 0 && in.good(); --left) {
    const std::string path = in.text();
    listing.certificates[path] = in.text();
  }
  if (!in.done()) return std::nullopt;
  return listing;
}

}  // namespace mlpack
