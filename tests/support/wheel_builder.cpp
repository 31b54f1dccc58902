#include "tests/support/wheel_builder.h"

#include "layers/wheel_record.h"
#include "lib/digest.h"

#include <fmt/format.h>
#include <zlib.h>

#include <utility>

namespace mlpack::test {
namespace {

std::string number(std::uint64_t value, unsigned size) {
  std::string bytes;
  for (unsigned i = 0; i < size; ++i)
    bytes += static_cast<char>(value >> (8 * i) & 0xffU);
  return bytes;
}

std::uint64_t checksum(const std::string& content) {
  return ::crc32(
      0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
}

std::string common(const WheelPart& part) {
  const std::uint64_t size = part.size.value_or(part.content.size());
  return number(part.flags, 2) + number(part.method, 2) + number(0x21'0000, 4) +
         number(checksum(part.content), 4) + number(part.content.size(), 4) + number(size, 4);
}

}  // namespace

std::string record_of(const std::string& path, const std::string& content) {
  return record_line(path, Digest::of(content), content.size());
}

WheelBuilder::WheelBuilder(std::string file) : file_(std::move(file)) {
  const std::string name = file_.substr(0, file_.find('-'));
  const std::string rest = file_.substr(name.size() + 1);
  metadata = fmt::format(
      "Metadata-Version: 2.1\nName: {}\nVersion: {}\n", name, rest.substr(0, rest.find('-')));
}

std::string WheelBuilder::info() const {
  const std::size_t dash = file_.find('-');
  return file_.substr(0, file_.find('-', dash + 1)) + ".dist-info";
}

WheelBuilder& WheelBuilder::add(WheelPart part) {
  parts_.push_back(std::move(part));
  return *this;
}

WheelBuilder& WheelBuilder::add(std::string name, std::string content, unsigned mode) {
  return add({std::move(name), std::move(content), mode});
}

std::string WheelBuilder::bytes() const {
  std::vector<WheelPart> all = parts_;
  if (parts != Parts::no_metadata) all.push_back({info() + "/METADATA", metadata});
  if (parts != Parts::no_wheel) all.push_back({info() + "/WHEEL", wheel});
  std::string record;
  for (const WheelPart& part : all) {
    if (!part.name.ends_with('/')) {
      record += part.record.value_or(record_of(part.name, part.content));
    }
  }
  record += record_more + info() + "/RECORD,,\n";
  if (parts != Parts::no_record) all.push_back({info() + "/RECORD", record});
  std::string archive = before;
  std::string directory;
  for (const WheelPart& part : all) {
    const std::string local = part.local_name.value_or(part.name);
    directory += "PK\x01\x02" + number(0x031e, 2) + number(20, 2) + common(part) +
                 number(part.name.size(), 2) + number(0, 2) + number(0, 2) + number(0, 2) +
                 number(0, 2) + number(std::uint64_t{part.mode} << 16U, 4) +
                 number(archive.size(), 4) + part.name;
    archive += "PK\x03\x04" + number(20, 2) + common(part) + number(local.size(), 2) +
               number(0, 2) + local + part.content;
  }
  const std::size_t begin = archive.size();
  archive += directory + "PK\x05\x06" + number(0, 4) + number(all.size(), 2) +
             number(all.size(), 2) + number(directory.size(), 4) + number(begin, 4) + number(0, 2);
  return archive + after;
}

fs::path WheelBuilder::write(const fs::path& folder) const {
  write_file(folder / file_, bytes());
  return folder / file_;
}

}  // namespace mlpack::test
