#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace mlpack {

/// The class of a failure; its value is the process's exit code (the table in mlpack(1)).
enum class Fault : int {
  internal = 1,       // a bug in mlpack
  usage = 2,          // the command line or the spec is wrong
  input = 3,          // a local input is missing, unreadable, malformed or changed while read
  auth = 4,           // authentication or authorisation
  refused = 5,        // the registry or index said no
  network = 6,        // no answer after retries, TLS included
  integrity = 7,      // a digest, size or signature does not match
  disk = 8,           // disk full or not writable; no memory, no thread
  incompatible = 9,   // no version satisfies the spec
  lock = 10,          // lock missing or stale under --locked
  gate = 11,          // a safety gate
  interrupted = 130,  // SIGINT
  terminated = 143,   // SIGTERM
};

/// One place that an error is about; line and column count from 1, and 0 means "the file as a
/// whole". Without a message of its own it has that of the error.
struct Where {
  std::string file;
  std::size_t line = 0;
  std::size_t column = 0;
  std::string message;
};

/// The one exception type. `what()` is lower case without a full stop and says what was attempted,
/// on what, and what the other side replied; `hint` says what to do next and may be empty. Neither
/// ever holds a secret.
class Error : public std::exception {
 public:
  Error(Fault fault, std::string message, std::string hint = {}, std::vector<Where> where = {});

  const char* what() const noexcept override { return message_.c_str(); }
  Fault fault() const noexcept { return fault_; }
  const std::string& hint() const noexcept { return hint_; }
  const std::vector<Where>& where() const noexcept { return where_; }

  /// Puts "`context`: " before the message. A catch on the way up may do this or add_place, no
  /// more.
  void add_context(const std::string& context) { message_ = context + ": " + message_; }

  /// Says that it is about `where`: unless it has a place already, `where` has no line, or it is
  /// about something that no file of the user's can be wrong in.
  void add_place(Where where);

  /// Says what to do next, in place of what was said before.
  void set_hint(std::string hint) { hint_ = std::move(hint); }

  /// Whether the same once more goes another way, as what failed is not used again.
  enum class Again { useless, helps };
  Again again() const noexcept { return again_; }
  void set_again(Again again) { again_ = again; }

 private:
  Fault fault_;
  Again again_ = Again::useless;
  std::string message_;
  std::string hint_;
  std::vector<Where> where_;
};

/// Throws Error(fault, formatted message) without a hint.
template <class... Args>
[[noreturn]] void fail(Fault fault, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(fault, fmt::format(format, std::forward<Args>(args)...));
}

/// Runs `work`; an Error that leaves it gets `context` in front.
template <class Work>
auto in_context(const std::string& context, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    error.add_context(context);
    throw;
  }
}

/// Runs `work`; an Error that leaves it without a place gets `where`.
template <class Work>
auto at_place(const Where& where, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    error.add_place(where);
    throw;
  }
}

/// Runs `work`; an Error of class `fault` that leaves it gets `hint`.
template <class Work>
auto with_hint(Fault fault, const std::string& hint, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    if (error.fault() == fault) error.set_hint(hint);
    throw;
  }
}

/// The text of errno `number`, thread-safe, without a trailing full stop.
std::string errno_text(int number);

}  // namespace mlpack
