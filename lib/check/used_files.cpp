#include "lib/check/used_files.h"

#include "lib/check/process.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mlpack {
namespace {

using namespace std::string_view_literals;

constexpr std::array shell_names{"ash"sv, "bash"sv, "dash"sv, "sh"sv, "busybox"sv, "zsh"sv};

// Modules of Python packages that are tried at run time and left alone where they do not load.
constexpr std::array optional_modules{"/_tkinter."sv,
                                      "/tbbpool."sv,
                                      "/omppool."sv,
                                      "/_dbm."sv,
                                      "/_gdbm."sv,
                                      "/_torio_ffmpeg"sv,
                                      "/libtorchcodec_"sv,
                                      "/cupy_backends/cuda/libs/"sv};

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view folder_in(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool is_shell(const FileFacts* file) {
  return file != nullptr &&
         std::find(shell_names.begin(), shell_names.end(), last_part(file->path)) !=
             shell_names.end();
}

// Folders that hold libraries of all and sundry.
bool is_common_folder(std::string_view folder) {
  return folder.ends_with("/bin") || folder == "bin" || folder.ends_with("-linux-gnu") ||
         folder == "lib" || folder == "lib64" || folder == "usr/lib" || folder == "usr/lib64" ||
         folder == "usr/local/lib" || folder.ends_with("/lib-dynload");
}

}  // namespace

bool is_python_module(std::string_view path) {
  const std::string_view name = last_part(path);
  const bool is_module = name.find(".cpython-") != std::string_view::npos ||
                         name.ends_with(".abi3.so") || name.ends_with(".pyd");
  const bool is_installed = path.find("site-packages/") != std::string_view::npos ||
                            path.find("dist-packages/") != std::string_view::npos;
  return is_module && is_installed &&
         std::none_of(optional_modules.begin(),
                      optional_modules.end(),
                      [&](std::string_view known) { return path.find(known) != path.npos; });
}

UsedFiles::UsedFiles(const CheckInput& input, Loader& loader) {
  const StartedProgram started = started_program(input);
  is_everything_ = started.program == nullptr || is_shell(started.program);
  if (is_everything_) return;
  add(started.program, loader);
  // `wrapper -- server`: words may be programs too.
  for (std::size_t i = 1; i < started.words.size() && !is_everything_; ++i) {
    const std::string& word = started.words[i];
    const FileFacts* const file = word.starts_with('-') ? nullptr : find_program(input, word);
    if (file == nullptr || !file->content || (file->mode & 0111U) == 0) continue;
    is_everything_ = is_shell(file) || !file->content->elf;
    add(file, loader);
  }
  for (const auto& [path, file] : input.files.read())
    if (is_python_module(path)) add(file, loader);
}

void UsedFiles::add(const FileFacts* start, Loader& loader) {
  if (!start->content->elf || files_.contains(start)) return;
  for (const FileFacts* file : loader.closure(*start)) {
    files_.insert(file);
    const std::string_view folder = folder_in(file->path);
    if (!is_common_folder(folder)) folders_.emplace(folder);
  }
}

bool UsedFiles::contains(const FileFacts& file) const {
  return is_everything_ || files_.contains(&file) || folders_.contains(folder_in(file.path)) ||
         file.path.find("-packages/") != std::string::npos;
}

}  // namespace mlpack
