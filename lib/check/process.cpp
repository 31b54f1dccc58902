#include "lib/check/process.h"

#include "lib/text.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace mlpack {
namespace {

constexpr int most_files = 6;   // five scripts, and the program: the kernel follows no more
constexpr int most_starts = 8;  // by env, one after the other
constexpr std::uint64_t largest_id = 0x7FFFFFFF;  // of runtimes

constexpr const char* container_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_executable(const FileFacts* file) {
  return file != nullptr && (file->mode & 0111U) != 0;
}

constexpr std::string_view blanks = " \t\n";

// What `#!` and the first line of a script say: the interpreter, and the one argument that it gets.
struct ScriptLine {
  std::string interpreter;  // empty: it is no script, or names none
  std::string argument;
};

// As the kernel reads it: 255 bytes, up to a zero byte. The carriage return of a line break of
// Windows is a part of the name.
ScriptLine script_line(const FileFacts& file) {
  constexpr std::size_t longest = 255;
  if (!file.content || !file.content->text.starts_with("#!")) return {};
  std::string_view line = file.content->text;
  line = line.substr(0, std::min({line.find('\n'), line.find('\0'), longest + 1}));
  const bool is_cut = line.size() > longest;
  const std::size_t begin = line.find_first_not_of(blanks, 2);
  if (begin == std::string_view::npos) return {};
  const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
  if (is_cut && end == line.size()) return {};
  return {std::string(line.substr(begin, end - begin)), std::string(trim(line.substr(end)))};
}

// The program that `env ARGUMENT` starts: the whole argument, unless `-S` splits it. Empty: none is
// told.
std::string program_of_env(std::string_view argument) {
  const bool is_split = argument.starts_with("-S") || argument.starts_with("-vS") ||
                        argument.starts_with("--split-string");
  if (!is_split) {
    const bool is_program = argument.find('=') == argument.npos && !argument.starts_with('-');
    return is_program ? std::string(argument) : std::string();
  }
  argument.remove_prefix(std::min(argument.find_first_of(" \tS=") + 1, argument.size()));
  for (const std::string_view word : split(argument, ' ')) {
    const std::string_view name = trim(word);
    if (!name.empty() && name.find('=') == name.npos && !name.starts_with('-'))
      return std::string(name);
  }
  return {};
}

// Where the kernel looks: never in PATH.
const FileFacts* file_at(const CheckInput& input, const std::string& path) {
  if (path.ends_with('/')) return nullptr;
  const bool is_whole = path.starts_with('/');
  return input.files.file(is_whole ? path : input.config.working_dir + "/" + path);
}

constexpr unsigned read_right = 4;
constexpr unsigned enter_right = 1;  // or to execute

bool has_rights(const FileFacts& file, const Account& account, unsigned wanted) {
  if (account.uid == 0) return true;
  const unsigned shift = file.uid == account.uid ? 6 : account.gids.contains(file.gid) ? 3 : 0;
  return (file.mode >> shift & wanted) == wanted;
}

bool may_reach(const ImageFiles& files, const std::string& path, const Account& account) {
  for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
    // Folders that no layer names are made by the runtime, for all to enter.
    const FileFacts* const folder = files.find(path.substr(0, end));
    if (folder != nullptr && !has_rights(*folder, account, enter_right)) return false;
  }
  return true;
}

// Runtimes add the groups that have the user's name, unless a group is named.
void add_groups(const ImageFiles& files, const std::string& user, Account& account) {
  for (const GroupLine& line : group_lines(files))
    if (std::find(line.members.begin(), line.members.end(), user) != line.members.end())
      account.gids.insert(line.gid);
}

void set_group(const ImageFiles& files, const std::string& group, Account& account) {
  std::optional<std::uint64_t> gid = parse_number(group, largest_id);
  for (const GroupLine& line : group_lines(files))
    if (line.name == group) gid = line.gid;
  if (gid) {
    account.gids = {*gid};
  } else {
    account.unknown_group = group;
  }
}

}  // namespace

const FileFacts* find_program(const CheckInput& input, const std::string& name) {
  if (name.find('/') != std::string::npos) return file_at(input, name);
  const FileFacts* other = nullptr;
  const std::string folders = input.config.env_value("PATH").value_or(container_path);
  for (const std::string_view folder : split(folders, ':')) {
    if (folder.empty()) continue;
    const FileFacts* const file = file_at(input, std::string(folder) + "/" + name);
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
  int starts = 0;
  for (int i = 0; file != nullptr; ++i) {
    if (i == most_files || starts == most_starts) {
      started.is_endless = true;
      break;
    }
    if (file->content && file->content->elf) {
      started.program = file;
      break;
    }
    const ScriptLine line = script_line(*file);
    if (line.interpreter.empty()) {
      // execvp(), which env calls, gives what the kernel does not take to a shell.
      if (!is_by_env) started.malformed = file;
      break;
    }
    file = file_at(input, line.interpreter);
    started.interpreters.push_back({line.interpreter, file});
    if (!line.interpreter.ends_with("/env") || line.argument.empty() || file == nullptr) continue;
    is_by_env = true;
    const std::string name = program_of_env(line.argument);
    if (name.empty()) break;
    file = find_program(input, name);
    started.interpreters.push_back({name, file});
    i = -1;  // env calls the kernel again
    ++starts;
  }
  return started;
}

Account account_of(const CheckInput& input) {
  const std::string& user = input.config.user;
  const std::size_t colon = std::min(user.find(':'), user.size());
  const std::string name = user.substr(0, colon);
  const auto uid = name.empty() ? std::optional<std::uint64_t>(0) : parse_number(name, largest_id);
  Account account;
  account.uid = uid.value_or(0);
  account.gids = {0};
  if (!uid) account.unknown_user = name;
  for (const PasswdLine& line : passwd_lines(input.files)) {
    if (uid ? line.uid != *uid : line.name != name) continue;
    account = {line.uid, {line.gid}, line.home, true};
    if (colon + 1 >= user.size()) add_groups(input.files, line.name, account);
    break;
  }
  if (colon + 1 < user.size()) set_group(input.files, user.substr(colon + 1), account);
  return account;
}

bool may_write(const ImageFiles& files, const std::string& path, const Account& account) {
  if (account.uid == 0) return true;
  const FileFacts* const folder = files.find(path);
  if (folder == nullptr) return false;  // made by the runtime, for root
  return has_rights(*folder, account, 3);
}

bool may_read(const ImageFiles& files, const FileFacts& file, const Account& account) {
  return account.uid == 0 ||
         (may_reach(files, file.path, account) && has_rights(file, account, read_right));
}

bool may_execute(const ImageFiles& files, const FileFacts& file, const Account& account) {
  const bool is_script = file.content && file.content->text.starts_with("#!");
  return is_executable(&file) && may_reach(files, file.path, account) &&
         has_rights(file, account, is_script ? enter_right | read_right : enter_right);
}

}  // namespace mlpack
