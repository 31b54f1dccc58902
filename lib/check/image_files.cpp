#include "lib/check/image_files.h"

#include "lib/text.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace mlpack {
namespace {

constexpr int most_links = 40;  // as the kernel has it
constexpr std::uint64_t smallest_hidden = std::uint64_t{1} << 20;

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

std::string below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + '/' + std::string(name);
}

void put_parts(std::vector<std::string>& todo, std::string_view path) {
  const auto parts = split(path, '/');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    if (!part->empty() && *part != ".") todo.emplace_back(*part);
}

}  // namespace

void ImageFiles::remove(Files::iterator first, Files::iterator last) {
  for (auto at = first; at != last; ++at) {
    if (at->second.content) read_.erase(at->first);
    if (at->second.size >= smallest_hidden) hidden_.push_back({at->first, at->second.size});
  }
  files_.erase(first, last);
}

void ImageFiles::remove_below(const std::string& path) {
  const std::string prefix = path.empty() ? "" : path + '/';
  const auto first = files_.lower_bound(prefix);
  auto last = first;
  while (last != files_.end() && last->first.starts_with(prefix))
    ++last;
  remove(first, last);
}

std::string ImageFiles::with_real_folder(const std::string& path) const {
  const std::string folder = parent_of(path);
  const std::string_view name =
      std::string_view(path).substr(folder.empty() ? 0 : folder.size() + 1);
  return below(real_path(folder).value_or(folder), name);
}

// real_path(folder), with fewer looks where the folder above is known.
std::optional<std::string> ImageFiles::real_below_known(std::string_view folder,
                                                        const RealFolders& folders) const {
  const std::size_t slash = folder.rfind('/');
  const auto parent = slash == std::string_view::npos
                          ? folders.known.end()
                          : folders.known.find(std::string(folder.substr(0, slash)));
  if (parent == folders.known.end()) return real_path(folder);
  std::string path = below(parent->second, folder.substr(slash + 1));
  const FileFacts* const found = find(path);
  const bool is_plain = found != nullptr && found->kind == EntryKind::directory;
  return is_plain ? std::move(path) : real_path(folder);
}

const std::string& ImageFiles::real_folder(std::string_view folder, RealFolders& folders) const {
  if (folders.last == folder) return folders.last_real;
  folders.last = folder;
  const auto known = folders.known.find(folders.last);
  if (known != folders.known.end()) return folders.last_real = known->second;
  const auto real = real_below_known(folder, folders);
  if (real) folders.known.emplace(folders.last, *real);
  return folders.last_real = real.value_or(folders.last);
}

// Whether folders may lead elsewhere after it.
bool ImageFiles::make_room(const FileFacts& file) {
  const std::size_t before = files_.size();
  if (file.kind != EntryKind::directory) remove_below(file.path);
  bool is_other = files_.size() != before;
  const auto old = files_.find(file.path);
  if (old != files_.end()) {
    is_other = is_other || old->second.kind != file.kind || file.kind == EntryKind::symlink;
    remove(old, std::next(old));
  }
  return is_other;
}

void ImageFiles::add_file(FileFacts file, RealFolders& folders) {
  const std::size_t slash = file.path.rfind('/');
  if (slash != std::string::npos) {
    const std::string_view path = file.path;
    file.path = below(real_folder(path.substr(0, slash), folders), path.substr(slash + 1));
  }
  if (file.kind == EntryKind::hardlink) {
    const FileFacts* const target = find(with_real_folder(file.link));
    if (target == nullptr) return;
    std::string path = std::move(file.path);
    file = *target;
    file.path = std::move(path);
  }
  auto next = files_.lower_bound(file.path);
  if (next != files_.end() && next->first.starts_with(file.path)) {
    if (make_room(file)) folders = {};
    next = files_.lower_bound(file.path);
  }
  const auto added = files_.emplace_hint(next, file.path, FileFacts());
  added->second = std::move(file);
  const FileFacts& kept = added->second;
  if (!kept.content) return;
  read_.emplace(added->first, &kept);
  if (!kept.content->secret.empty()) secrets_.push_back({kept.path, kept.content->secret, layers_});
}

void ImageFiles::add(LayerFacts layer) {
  ++layers_;
  for (const std::string& path : layer.removed) {
    const std::string gone = with_real_folder(path);
    remove_below(gone);
    const auto found = files_.find(gone);
    if (found != files_.end()) remove(found, std::next(found));
  }
  for (const std::string& path : layer.emptied)
    remove_below(real_path(path).value_or(path));
  RealFolders folders;
  for (FileFacts& file : layer.files)
    add_file(std::move(file), folders);
}

const FileFacts* ImageFiles::find(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

bool ImageFiles::is_folder(const std::string& path) const {
  if (path.empty()) return true;
  const FileFacts* const found = find(path);
  if (found != nullptr) return found->kind == EntryKind::directory;
  const auto next = files_.lower_bound(path + '/');
  return next != files_.end() && next->first.starts_with(path + '/');
}

std::optional<std::string> ImageFiles::real_path(std::string_view path) const {
  std::vector<std::string> todo;  // parts, the next one last
  put_parts(todo, path);
  std::string real;
  int links = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == "..") {
      real = parent_of(real);
      continue;
    }
    const std::string next = below(real, part);
    const FileFacts* const found = find(next);
    if (found != nullptr && found->kind == EntryKind::symlink) {
      if (++links > most_links) return std::nullopt;
      if (found->link.starts_with('/')) real.clear();
      put_parts(todo, found->link);
      continue;
    }
    if (found == nullptr ? !is_folder(next) : !todo.empty() && found->kind == EntryKind::file) {
      return std::nullopt;
    }
    real = next;
  }
  return real;
}

const FileFacts* ImageFiles::file(std::string_view path) const {
  const auto real = real_path(path);
  const FileFacts* const found = real ? find(*real) : nullptr;
  return found != nullptr && found->kind == EntryKind::file ? found : nullptr;
}

std::vector<const FileFacts*> ImageFiles::children(const std::string& path) const {
  std::vector<const FileFacts*> found;
  const std::string prefix = path.empty() ? "" : path + '/';
  for (auto at = files_.lower_bound(prefix); at != files_.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    if (at->first.find('/', prefix.size()) == std::string::npos) found.push_back(&at->second);
  }
  return found;
}

std::vector<PasswdLine> passwd_lines(const ImageFiles& files) {
  std::vector<PasswdLine> lines;
  const FileFacts* const passwd = files.file("etc/passwd");
  if (passwd == nullptr || !passwd->content) return lines;
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  for (const std::string_view line : split(passwd->content->text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 7) continue;
    const auto uid = parse_number(fields[2], most);
    const auto gid = parse_number(fields[3], most);
    if (!uid || !gid) continue;
    lines.push_back({std::string(fields[0]), *uid, *gid, std::string(fields[5])});
  }
  return lines;
}

std::vector<GroupLine> group_lines(const ImageFiles& files) {
  std::vector<GroupLine> lines;
  const FileFacts* const group = files.file("etc/group");
  if (group == nullptr || !group->content) return lines;
  for (const std::string_view line : split(group->content->text, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    const auto gid = parse_number(fields[2], std::numeric_limits<std::uint32_t>::max());
    if (!gid) continue;
    lines.push_back({std::string(fields[0]), *gid, {}});
    for (const std::string_view member : split(fields[3], ','))
      lines.back().members.emplace_back(trim(member));
  }
  return lines;
}

}  // namespace mlpack
