#include "layers/layer_builder.h"
#include "layers/recipes.h"
#include "lib/error.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mlpack {
namespace {

// Everybody may write there, and nobody remove what is another's.
constexpr std::array<std::string_view, 2> open_folders{"tmp", "var/tmp"};

constexpr unsigned open_mode = 01777;
constexpr unsigned writable_mode = 02775;

RecipeEntry text_file(std::string path, std::string text) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.mode = 0644;
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

// Whether a line of passwd or group has `name` as its first or `id` as its third field.
bool has_account(std::string_view table, std::string_view name, std::uint64_t id) {
  for (const std::string_view line : split(table, '\n')) {
    const auto fields = split(line, ':');
    if (fields[0] == name && !name.empty()) return true;
    if (fields.size() > 2 && fields[2] == fmt::format("{}", id)) return true;
  }
  return false;
}

std::string with_line(std::string table, const std::string& line) {
  if (!table.empty() && !table.ends_with('\n')) table += '\n';
  return table + line + '\n';
}

std::string passwd_of(const ConfigInput& input) {
  if (has_account(input.passwd, input.user, input.owner.uid)) return input.passwd;
  return with_line(input.passwd,
                   fmt::format("{0}:x:{1}:{2}:{0}:{3}:/usr/sbin/nologin",
                               input.user,
                               input.owner.uid,
                               input.owner.gid,
                               input.home.empty() ? "/" : input.home));
}

std::string group_of(const ConfigInput& input) {
  if (has_account(input.group, input.user, input.owner.gid)) return input.group;
  return with_line(input.group, fmt::format("{}:x:{}:", input.user, input.owner.gid));
}

RecipeEntry owned_folder(std::string path, const Owner& owner, unsigned mode) {
  RecipeEntry entry = plain_folder(std::move(path));
  entry.uid = owner.uid;
  entry.gid = owner.gid;
  entry.mode = mode;
  return entry;
}

// Where the folder `target` is; `what` names it in messages.
std::string path_of(const std::string& target, const char* what, const RootView& root) {
  std::string path = root.resolve_folder(parse_target(target, what));
  if (path.empty()) fail(Fault::usage, "{} `{}` is the root of the image", what, printable(target));
  return path;
}

Folders owned_folders(const ConfigInput& input, const RootView& root) {
  Folders folders;
  if (!input.home.empty()) {
    const std::string path = path_of(input.home, "the home", root);
    folders.emplace(path, owned_folder(path, input.owner, 0755));
  }
  for (const std::string& target : input.writable) {
    const std::string path = path_of(target, "the writable folder", root);
    for (const std::string_view file : {"etc/passwd", "etc/group"}) {
      if (path != file && !path.starts_with(std::string(file) + '/')) continue;
      fail(Fault::usage,
           "the writable folder `{}` would take the place of the file `/{}`",
           printable(target),
           file);
    }
    const bool is_open =
        std::find(open_folders.begin(), open_folders.end(), path) != open_folders.end();
    if (is_open && root.is_known() && root.has_folder(path)) continue;
    folders.insert_or_assign(path,
                             is_open ? owned_folder(path, Owner{}, open_mode)
                                     : owned_folder(path, input.owner, writable_mode));
  }
  return folders;
}

bool brings(const std::vector<LayerRecipe>& layers, std::string_view path) {
  return std::any_of(layers.begin(), layers.end(), [&](const LayerRecipe& layer) {
    return std::any_of(layer.entries.begin(), layer.entries.end(), [&](const RecipeEntry& entry) {
      return entry.path == path && entry.kind != EntryKind::directory;
    });
  });
}

}  // namespace

LayerRecipe config_recipe(const ConfigInput& input,
                          const RecipeOptions& options,
                          const std::vector<LayerRecipe>& below) {
  const Folders folders = owned_folders(input, options.root);
  LayerBuilder builder(Role::config, "config", options, folders);
  for (const auto& [path, folder] : folders) {
    builder.add(folder);
  }
  if (input.accounts == ConfigInput::Accounts::write) {
    if (!brings(below, "etc/group")) builder.add(text_file("etc/group", group_of(input)));
    if (!brings(below, "etc/passwd")) builder.add(text_file("etc/passwd", passwd_of(input)));
  }
  return builder.take();
}

}  // namespace mlpack
