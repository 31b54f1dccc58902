#include "lib/host/host.h"

#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <deque>
#include <fstream>
#include <system_error>

namespace mlpack {
namespace {

constexpr int most_links = 40;

void push_front(std::deque<std::string>& parts, std::string_view path) {
  const auto words = split(path, '/');
  for (auto at = words.rbegin(); at != words.rend(); ++at)
    if (!at->empty() && *at != ".") parts.emplace_front(*at);
}

}  // namespace

Host::Host(fs::path root) {
  std::error_code failed;
  const fs::path real = fs::canonical(root, failed);
  root_ = failed ? std::move(root) : real;
}

// As the kernel does after chroot(2): `..` does not leave the root, and links begin there.
std::optional<fs::path> Host::walk(std::string_view path, bool follow_last) const {
  std::deque<std::string> parts;
  push_front(parts, path);
  fs::path at = root_;
  int links = 0;
  while (!parts.empty()) {
    const std::string part = parts.front();
    parts.pop_front();
    if (part == "..") {
      if (at != root_) at = at.parent_path();
      continue;
    }
    const fs::path next = at / part;
    std::error_code failed;
    const fs::file_status status = fs::symlink_status(next, failed);
    if (failed || !fs::exists(status)) return std::nullopt;
    if (!fs::is_symlink(status) || (parts.empty() && !follow_last)) {
      at = next;
      continue;
    }
    const std::string target = fs::read_symlink(next, failed).string();
    if (failed || ++links > most_links) return std::nullopt;
    if (target.starts_with('/')) at = root_;
    push_front(parts, target);
  }
  return at;
}

std::optional<fs::path> Host::real(std::string_view path) const {
  return walk(path, true);
}

std::optional<std::string> Host::text(std::string_view path, std::uint64_t limit) const {
  const auto real_path = real(path);
  if (!real_path) return std::nullopt;
  try {
    return read_file_if_exists(*real_path, limit);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string Host::head(std::string_view path, std::size_t most) const {
  const auto real_path = real(path);
  std::error_code failed;
  if (!real_path || !fs::is_regular_file(*real_path, failed)) return {};
  std::ifstream file(*real_path, std::ios::binary);
  std::string text(most, '\0');
  file.read(text.data(), static_cast<std::streamsize>(most));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::string Host::line(std::string_view path) const {
  const std::string all = text(path).value_or("");
  return std::string(trim(std::string_view(all).substr(0, all.find('\n'))));
}

std::vector<std::string> Host::names(std::string_view path) const {
  std::vector<std::string> found;
  const auto folder = real(path);
  if (!folder) return found;
  std::error_code failed;
  fs::directory_iterator at(*folder, failed);
  for (; !failed && at != fs::directory_iterator(); at.increment(failed))
    found.push_back(at->path().filename().string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string Host::link_name(std::string_view path) const {
  const auto link = walk(path, false);
  if (!link) return {};
  std::error_code failed;
  const fs::path target = fs::read_symlink(*link, failed);
  return failed ? std::string() : target.filename().string();
}

}  // namespace mlpack
