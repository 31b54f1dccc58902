#include "layers/wheels.h"

#include "layers/layer_builder.h"
#include "layers/wheel_record.h"
#include "lib/error.h"
#include "lib/parallel.h"
#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mlpack {
namespace {

constexpr std::string_view wheel_fact = "wheel listing";

RecipeEntry wheel_text(std::string path, std::string text, unsigned mode = 0644) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.mode = mode;
  entry.size = text.size();
  entry.content = std::move(text);
  return entry;
}

RecipeEntry wheel_link(std::string path, std::string target) {
  RecipeEntry entry;
  entry.path = std::move(path);
  entry.kind = EntryKind::symlink;
  entry.mode = 0777;
  entry.link = std::move(target);
  return entry;
}

// Where a file of the archive goes.
std::string installed_place(const std::string& path,
                            const WheelListing& listing,
                            const PythonPlaces& places) {
  const bool is_data = !listing.data.empty() && path.starts_with(listing.data + "/");
  if (!is_data) return places.packages + "/" + path;
  const std::string rest = path.substr(listing.data.size() + 1);
  const std::string kind = rest.substr(0, rest.find('/'));
  const std::string below = rest.substr(rest.find('/'));
  if (kind == "scripts") return places.scripts + below;
  if (kind == "headers") return places.headers + "/" + listing.name + below;
  if (kind == "data") return places.data + below;
  return places.packages + below;  // purelib, platlib
}

// Byte for byte what uv writes.
std::string entry_point_script(const WheelEntryPoint& point, const PythonPlaces& places) {
  return fmt::format(
      "#!{}\n"
      "# -*- coding: utf-8 -*-\n"
      "import sys\n"
      "from {} import {}\n"
      "if __name__ == \"__main__\":\n"
      "    if sys.argv[0].endswith(\"-script.pyw\"):\n"
      "        sys.argv[0] = sys.argv[0][:-11]\n"
      "    elif sys.argv[0].endswith(\".exe\"):\n"
      "        sys.argv[0] = sys.argv[0][:-4]\n"
      "    sys.exit({}())\n",
      places.interpreter,
      point.module,
      point.function.substr(0, point.function.find('.')),
      point.function);
}

// PEP 610, with keys in their order and nothing of this machine.
std::string direct_url_json(const CachedWheel& wheel) {
  std::string url;
  for (const char c : wheel.direct_url) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte > 0x20 && byte < 0x7f && c != '"' && c != '\\';
    url += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return fmt::format(
      R"({{"archive_info": {{"hash": "sha256={0}", "hashes": {{"sha256": "{0}"}}}}, "url": "{1}"}})",
      wheel.sha256.hex(),
      url);
}

// `to` as seen from the folder `from`; neither begins with a slash.
std::string relative_to(const std::string& from, const std::string& to) {
  if (to.starts_with(from) && to[from.size()] == '/') return to.substr(from.size() + 1);
  return fs::path("/" + to).lexically_relative("/" + from).string();
}

// The files of one wheel at their places.
class Installation {
 public:
  Installation(const ListedWheel& wheel, const PythonPlaces& places)
      : wheel_(wheel), listing_(wheel.listing), places_(places) {}

  std::vector<RecipeEntry> install() {
    for (const WheelFile& file : listing_.files)
      add_file(file);
    for (const WheelEntryPoint& point : listing_.scripts)
      add_entry_point(point);
    const std::string info = places_.packages + "/" + listing_.dist_info + "/";
    add_text(wheel_text(info + "INSTALLER", "mlpack\n"));
    add_text(wheel_text(info + "REQUESTED", ""));
    if (!wheel_.wheel.direct_url.empty()) {
      add_text(wheel_text(info + "direct_url.json", direct_url_json(wheel_.wheel)));
    }
    add_record(info + "RECORD");
    std::vector<RecipeEntry> entries;
    entries.reserve(installed_.size());
    for (auto& item : installed_)
      entries.push_back(std::move(item.second));
    return entries;
  }

 private:
  void add(RecipeEntry entry, const Digest& sha256) {
    const std::string path = entry.path;
    lines_[relative_to(places_.packages, path)] = {sha256, entry.size};
    const bool is_new = installed_.emplace(path, std::move(entry)).second;
    if (is_new) return;
    fail(Fault::integrity,
         "the wheel `{}` cannot be installed: it has `/{}` twice",
         printable(wheel_.wheel.file),
         path);
  }

  void add_text(RecipeEntry entry) {
    const Digest sha256 = Digest::of(std::get<std::string>(entry.content));
    add(std::move(entry), sha256);
  }

  void add_file(const WheelFile& file) {
    const unsigned mode = file.rights == WheelFile::Rights::executable ? 0755 : 0644;
    std::string path = installed_place(file.path, listing_, places_);
    if (file.kind == WheelFile::Kind::python_script) {
      return add_text(wheel_text(path, "#!" + places_.interpreter + "\n" + file.script, mode));
    }
    RecipeEntry entry = wheel_text(std::move(path), "", mode);
    entry.size = file.size;
    if (file.size > 0) entry.content = WheelMember{wheel_.wheel.sha256, file.path, file.sha256};
    if (file.size == 0 && file.sha256 != Digest::of("")) {
      fail(Fault::integrity, "`{}` of a wheel is not what its RECORD says", file.path);
    }
    add(std::move(entry), file.sha256);
  }

  // As pip has it, the entry point wins over a script of its name.
  void add_entry_point(const WheelEntryPoint& point) {
    // pip's wheel may name the Python that it was built with; installers name their own.
    const bool is_pips = listing_.name == "pip";
    if (is_pips && point.name.starts_with("pip3.")) return;
    add_script(point.name, point);
    if (is_pips && point.name == "pip") add_script("pip" + places_.version, point);
  }

  void add_script(const std::string& name, const WheelEntryPoint& point) {
    const std::string path = places_.scripts + "/" + name;
    installed_.erase(path);
    add_text(wheel_text(path, entry_point_script(point, places_), 0755));
  }

  void add_record(const std::string& path) {
    std::string text;
    lines_[relative_to(places_.packages, path)] = {};
    for (const auto& [file, record] : lines_) {
      text += record.sha256 ? record_line(file, *record.sha256, *record.size) : record_line(file);
    }
    installed_.emplace(path, wheel_text(path, std::move(text)));
  }

  const ListedWheel& wheel_;
  const WheelListing& listing_;
  const PythonPlaces& places_;
  std::map<std::string, RecipeEntry> installed_;
  std::map<std::string, WheelRecord> lines_;
};

WheelListing read_listing(const CachedWheel& wheel, Store& store) {
  if (const auto fact = store.fact(wheel_fact, wheel.sha256)) {
    if (auto listing = parse_wheel_listing(*fact)) return std::move(*listing);
  }
  WheelListing listing = list_wheel(store.cache_path(wheel.sha256), wheel.file);
  store.put_fact(wheel_fact, wheel.sha256, write_wheel_listing(listing));
  return listing;
}

}  // namespace

PythonPlaces places_of(const VirtualEnvironment& environment) {
  const std::string python = fmt::format("python{}.{}", environment.major, environment.minor);
  const std::string& folder = environment.folder;
  return {fmt::format("{}/lib/{}/site-packages", folder, python),
          folder + "/bin",
          folder,
          fmt::format("{}/include/site/{}", folder, python),
          "/" + folder + "/bin/python",
          fmt::format("{}.{}", environment.major, environment.minor)};
}

LayerRecipe environment_recipe(const VirtualEnvironment& environment) {
  const PythonPlaces places = places_of(environment);
  const std::string home = environment.interpreter.substr(0, environment.interpreter.rfind('/'));
  LayerRecipe layer{Role::python, "environment", 0, {}};
  for (const std::string& path : {environment.folder, places.packages}) {
    for_each_parent(path, [&](std::string_view parent) {
      const bool is_here =
          std::any_of(layer.entries.begin(), layer.entries.end(), [&](const RecipeEntry& entry) {
            return entry.path == parent;
          });
      if (!is_here) layer.entries.push_back(plain_folder(std::string(parent)));
    });
  }
  layer.entries.push_back(plain_folder(places.packages));
  layer.entries.push_back(plain_folder(places.scripts));
  layer.entries.push_back(wheel_link(places.scripts + "/python", environment.interpreter));
  const std::string versioned = fmt::format("python{}.{}", environment.major, environment.minor);
  layer.entries.push_back(wheel_link(places.scripts + "/python3", "python"));
  layer.entries.push_back(wheel_link(places.scripts + "/" + versioned, "python"));
  layer.entries.push_back(wheel_link(environment.folder + "/lib64", "lib"));
  layer.entries.push_back(wheel_text(environment.folder + "/pyvenv.cfg",
                                     fmt::format("home = {}\n"
                                                 "include-system-site-packages = false\n"
                                                 "version = {}\n"
                                                 "executable = {}\n",
                                                 home,
                                                 environment.version,
                                                 environment.interpreter)));
  sort_by_path(layer.entries);
  return layer;
}

std::vector<ListedWheel> list_wheels(const std::vector<CachedWheel>& wheels,
                                     Store& store,
                                     std::size_t jobs) {
  std::vector<ListedWheel> listed;
  listed.reserve(wheels.size());
  for (const CachedWheel& wheel : wheels)
    listed.push_back({wheel, {}});
  parallel_for(wheels.size(), jobs, [&](std::size_t i) {
    listed[i].listing = read_listing(wheels[i], store);
  });
  return listed;
}

std::vector<RecipeEntry> install_wheel(const ListedWheel& wheel, const PythonPlaces& places) {
  return Installation(wheel, places).install();
}

}  // namespace mlpack
