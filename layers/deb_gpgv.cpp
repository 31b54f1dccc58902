#include "layers/deb_gpgv.h"

#include "lib/error.h"
#include "lib/text.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace mlpack {
namespace {

// In memory, and passed to the child as its descriptors: no pipe that could fill up on either side,
// no file that could be left behind or exchanged.
Fd memory_file(const char* name) {
  const Fd low(memfd_create(name, MFD_CLOEXEC));
  Fd fd(low ? fcntl(low.get(), F_DUPFD_CLOEXEC, 10) : -1);  // clear of the child's 0 to 3
  if (!fd) fail(Fault::disk, "cannot create a file in memory: {}", errno_text(errno));
  return fd;
}

void write_all(const Fd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(Fault::disk, "cannot write to memory: {}", errno_text(errno));
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  ::lseek(fd.get(), 0, SEEK_SET);
}

std::string read_all(const Fd& fd) {
  std::string text;
  std::array<char, 1 << 14> buffer{};
  ::lseek(fd.get(), 0, SEEK_SET);
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  void give(const Fd& fd, int number) {
    posix_spawn_file_actions_adddup2(&actions_, fd.get(), number);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

void wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
}

void run(std::vector<std::string> arguments, const FileActions& actions) {
  std::vector<char*> argv;
  for (std::string& argument : arguments)
    argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string locale = "LC_ALL=C";
  std::array<char*, 2> environment{locale.data(), nullptr};
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, argv[0], actions.get(), nullptr, argv.data(), environment.data());
  if (error == ENOENT) {
    throw Error(Fault::input,
                "`gpgv` is not installed; it verifies the signature of the package index",
                "install the package `gpgv`");
  }
  if (error != 0) fail(Fault::input, "cannot start `gpgv`: {}", errno_text(error));
  wait_for(child);
}

// SHA-1, MD5 and RIPEMD-160 no longer count (RFC 4880, 9.4: 1, 2, 3).
bool is_sound_hash(std::string_view number) {
  return number == "8" || number == "9" || number == "10" || number == "11";
}

// What gpgv says on its status descriptor (doc/DETAILS of GnuPG).
class Verdict {
 public:
  explicit Verdict(std::string_view status) {
    for (const std::string_view line : split(status, '\n')) {
      const auto words = split(line, ' ');
      if (words.size() >= 3 && words[0] == "[GNUPG:]") read(words);
    }
    if (texts_ > 1) bad_ = "it is malformed";
  }
  bool holds() const { return good_ && bad_.empty(); }
  const std::string& why() const { return bad_.empty() ? weak_ : bad_; }

 private:
  void read(const std::vector<std::string_view>& words) {
    const std::string key = "key " + printable(words[2]);
    if (words[1] == "PLAINTEXT") ++texts_;
    if (words[1] == "GOODSIG") candidate_ = true;
    if (words[1] == "VALIDSIG" && words.size() > 9) read_valid(key, words[9]);
    if (words[1] == "BADSIG") bad_ = "the signature by " + key + " does not match the text";
    if (words[1] == "ERROR" && bad_.empty()) bad_ = "it is malformed";
    if (words[1] == "NO_PUBKEY") weak_ = key + " is not in the keyring";
    if (words[1] == "EXPKEYSIG") weak_ = key + " has expired";
    if (words[1] == "REVKEYSIG") weak_ = key + " was revoked";
  }
  void read_valid(const std::string& key, std::string_view hash) {
    if (!is_sound_hash(hash)) weak_ = key + " signed with a weak digest";
    if (candidate_ && is_sound_hash(hash)) good_ = true;
    candidate_ = false;
  }

  int texts_ = 0;
  bool candidate_ = false;  // GOODSIG comes first, its VALIDSIG later
  bool good_ = false;
  std::string bad_;
  std::string weak_ = "it is not signed";
};

}  // namespace

std::string verify_clear_signed(std::string_view signed_text,
                                const std::vector<fs::path>& keyrings,
                                const std::string& url) {
  if (!signed_text.starts_with("-----BEGIN PGP SIGNED MESSAGE-----\n")) {
    fail(Fault::integrity, "`{}` is not a signed release", url);
  }
  const Fd input = memory_file("signed");
  const Fd output = memory_file("text");
  const Fd status = memory_file("status");
  const Fd talk = memory_file("talk");
  write_all(input, signed_text);
  std::vector<std::string> arguments{"gpgv", "--status-fd", "2", "--logger-fd", "3"};
  for (const fs::path& keyring : keyrings) {
    arguments.emplace_back("--keyring");
    arguments.push_back(fs::absolute(keyring).string());
  }
  arguments.insert(arguments.end(), {"--output", "-", "-"});
  FileActions actions;
  actions.give(input, 0);
  actions.give(output, 1);
  actions.give(status, 2);
  actions.give(talk, 3);
  run(std::move(arguments), actions);
  const Verdict verdict(read_all(status));
  if (!verdict.holds()) {
    throw Error(Fault::integrity,
                fmt::format("the signature of `{}` does not hold: {}", url, verdict.why()),
                "the mirror may be of another distribution, or tampered with; if its keys are new, "
                "update the keyring package");
  }
  return read_all(output);
}

}  // namespace mlpack
