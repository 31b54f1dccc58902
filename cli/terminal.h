#pragma once

#include "lib/progress.h"
#include "lib/sink.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace mlpack {

enum class ProgressStyle {
  tty,    // a line for each running piece of work, redrawn in place
  plain,  // a line when something has ended, and every 30 s while it runs
  none
};
enum class Verbosity { quiet, normal, verbose };
enum class Color { never, always };

struct TerminalSettings {
  ProgressStyle progress = ProgressStyle::none;
  Verbosity verbosity = Verbosity::normal;
  Color color = Color::never;
  std::function<std::size_t()> width;   // columns, asked before every drawing
  std::function<std::int64_t()> clock;  // milliseconds that only grow
};

/// All that mlpack says: results to `out`, everything else to `err`. A seam: tests give sinks, a
/// width and a clock. Progress calls may come from any thread; no thread is started here, work that
/// advances redraws at most ten times a second. Text from outside (names, answers of servers) is
/// made harmless before it is shown. The cursor is never hidden, so no way to die leaves a broken
/// terminal behind.
class Terminal : public Progress {
 public:
  /// Both sinks must outlive it; `err` must not throw.
  Terminal(Sink& out, Sink& err, TerminalSettings settings);
  /// Takes away the lines of work that has not ended.
  ~Terminal() override;
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  int begin(const std::string& label, std::uint64_t total) override;
  void advance(int task, std::uint64_t bytes) override;
  void end(int task, const std::string& outcome) override;
  void note(const std::string& text) override;
  /// `warning: text`; shown with --quiet too.
  void warn(const std::string& text) override;
  /// A note for --verbose alone.
  void detail(const std::string& text);

  /// The result of the command, as it is; a failing write is an Error.
  void result(std::string_view text) { out_.write(as_bytes(text)); }
  Sink& out() { return out_; }
  /// `text` as it is, on the other stream; the lines of running work are taken away first.
  void say(std::string_view text);

  Color color() const { return settings_.color; }

 private:
  struct Task {
    std::string label;
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    std::int64_t started = 0;
    std::int64_t reported = 0;  // plain: when its last line was written
  };
  enum class Redraw { when_due, now };

  // All of these want mutex_ held.
  void line(const std::string& text);
  void report(Task& task, std::int64_t now);
  void draw(Redraw redraw);
  void erase();
  void send(std::string_view text);
  std::string live_line(const Task& task, std::int64_t now, std::size_t width) const;

  Sink& out_;
  Sink& err_;
  const TerminalSettings settings_;
  std::mutex mutex_;  // guards what follows
  std::map<int, Task> tasks_;
  int last_task_ = 0;
  std::size_t lines_drawn_ = 0;
  std::int64_t drawn_at_ = 0;
};

/// Facts about the surroundings from which --progress and --color are decided.
struct TerminalFacts {
  bool err_is_terminal = false;
  std::string term;             // $TERM
  bool ci = false;              // $CI is set and not `false`
  bool no_color = false;        // $NO_COLOR is set and not empty
  bool clicolor_force = false;  // $CLICOLOR_FORCE is set and not `0`
};

/// `auto` is a terminal's style on a terminal that can move its cursor and is not a CI job's, else
/// plain.
ProgressStyle choose_progress(std::string_view option, const TerminalFacts& facts);
/// --color always|never, then NO_COLOR, then CLICOLOR_FORCE, then whether it is a terminal.
Color choose_color(std::string_view option, const TerminalFacts& facts);

enum class Tint { red, yellow, cyan, bold };
/// `text` in a colour, or as it is with Color::never.
std::string tinted(std::string_view text, Tint tint, Color color);

}  // namespace mlpack
