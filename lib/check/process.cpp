#include "lib/check/process.h"

#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

constexpr int most_interpreters = 4;
constexpr const char* container_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_executable(const FileFacts* file) {
  return file != nullptr && (file->mode & 0111U) != 0;
}

// `#!/usr/bin/env -S python3 -u` → `/usr/bin/env`, `-S`, `python3`, `-u`. As for the kernel, the
// carriage return of a line break of Windows is a part of the name.
std::vector<std::string> interpreter_words(std::string_view line) {
  constexpr std::string_view blanks = " \t\n";
  std::vector<std::string> words;
  for (std::size_t at = 2; (at = line.find_first_not_of(blanks, at)) < line.size();) {
    const std::size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

// None where it is no script, or its first line names no interpreter.
std::vector<std::string> script_words(const FileFacts& file) {
  const bool is_script = file.content && file.content->text.starts_with("#!");
  return is_script ? interpreter_words(file.content->text) : std::vector<std::string>();
}

}  // namespace

const FileFacts* find_program(const CheckInput& input, const std::string& name) {
  if (name.find('/') != std::string::npos) {
    const std::string path = name.starts_with('/') ? name : input.config.working_dir + "/" + name;
    return input.files.file(path);
  }
  const FileFacts* other = nullptr;
  const std::string folders = input.config.env_value("PATH").value_or(container_path);
  for (const std::string_view folder : split(folders, ':')) {
    const FileFacts* const file = input.files.file(std::string(folder) + "/" + name);
    if (is_executable(file)) return file;
    if (other == nullptr) other = file;
  }
  return other;
}

std::vector<std::string> command_words(const ImageConfig& config) {
  std::vector<std::string> given = config.entrypoint;
  given.insert(given.end(), config.cmd.begin(), config.cmd.end());
  if (given.size() < 3 || given[1] != "-c") return given;
  std::vector<std::string> words;
  for (const std::string_view part : split(given[2], ' ')) {
    const std::string_view word = trim(part);
    if (!word.empty() && (word != "exec" || !words.empty())) words.emplace_back(word);
  }
  return words;
}

StartedProgram started_program(const CheckInput& input) {
  StartedProgram started;
  started.words = input.config.entrypoint;
  started.words.insert(started.words.end(), input.config.cmd.begin(), input.config.cmd.end());
  if (started.words.empty()) return started;
  started.file = find_program(input, started.words.front());
  const FileFacts* file = started.file;
  bool is_by_env = false;
  for (int i = 0; i < most_interpreters && file != nullptr; ++i) {
    if (file->content && file->content->elf) {
      started.program = file;
      break;
    }
    auto words = script_words(*file);
    if (words.empty()) {
      // execvp(), which env calls, gives what the kernel does not take to a shell.
      if (!is_by_env) started.malformed = file;
      break;
    }
    const bool is_env = words.front().ends_with("/env") && words.size() > 1;
    is_by_env = is_by_env || is_env;
    started.interpreters.push_back(words.front());
    file = find_program(input, words.front());
    if (!is_env || file == nullptr) continue;
    const auto name = std::find_if(words.begin() + 1, words.end(), [](const std::string& word) {
      return !word.starts_with('-') && word.find('=') == std::string::npos;
    });
    if (name == words.end()) break;
    started.interpreters.push_back(*name);
    file = find_program(input, *name);
  }
  return started;
}

bool may_write(const ImageFiles& files,
               const std::string& path,
               std::uint64_t uid,
               std::uint64_t gid) {
  if (uid == 0) return true;
  const FileFacts* const folder = files.find(path);
  if (folder == nullptr) return false;  // made by the runtime, for root
  const unsigned wanted = folder->uid == uid ? 0300 : folder->gid == gid ? 0030 : 0003;
  return (folder->mode & wanted) == wanted;
}

}  // namespace mlpack
