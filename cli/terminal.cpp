#include "cli/terminal.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlpack {
namespace {

constexpr std::int64_t redraw_every_ms = 100;
constexpr std::int64_t plain_every_ms = 30'000;
constexpr std::size_t most_lines = 8;
constexpr std::size_t bar_cells = 20;

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// `text` cut to `width` characters, the last of them `~` where something was cut.
std::string fitted(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  std::size_t taken = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (begins_character(text[end]) && ++taken == width) break;
  }
  return width == 0 ? "" : std::string(text.substr(0, end)) + "~";
}

std::string bar(std::uint64_t done, std::uint64_t total) {
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const auto full = std::min(bar_cells, static_cast<std::size_t>(share * bar_cells));
  return fmt::format("[{}{}]", std::string(full, '#'), std::string(bar_cells - full, '-'));
}

std::string amount(std::uint64_t done, std::uint64_t total) {
  if (total == 0) return human_size(done);
  return fmt::format("{} / {}", human_size(done), human_size(total));
}

}  // namespace

Terminal::Terminal(Sink& out, Sink& err, TerminalSettings settings)
    : out_(out), err_(err), settings_(std::move(settings)) {}

Terminal::~Terminal() {
  const std::lock_guard lock(mutex_);
  erase();
}

int Terminal::begin(const std::string& label, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = settings_.clock();
  tasks_[++last_task_] = Task{printable(label), total, 0, now, now};
  draw(Redraw::when_due);
  return last_task_;
}

void Terminal::advance(int task, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) return;
  found->second.done += bytes;
  if (settings_.progress == ProgressStyle::plain) report(found->second, settings_.clock());
  draw(Redraw::when_due);
}

void Terminal::end(int task, const std::string& outcome) {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) return;
  const std::string text = fmt::format("{}: {}", found->second.label, printable(outcome));
  tasks_.erase(found);
  if (settings_.progress != ProgressStyle::none) line(text);
}

void Terminal::note(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (settings_.verbosity != Verbosity::quiet) line(printable(text));
}

void Terminal::warn(const std::string& text) {
  const std::lock_guard lock(mutex_);
  line(tinted("warning:", Tint::yellow, settings_.color) + " " + printable(text));
}

void Terminal::detail(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (settings_.verbosity == Verbosity::verbose) line(printable(text));
}

void Terminal::say(std::string_view text) {
  const std::lock_guard lock(mutex_);
  erase();
  send(text);
}

void Terminal::line(const std::string& text) {
  erase();
  send(text + "\n");
  draw(Redraw::now);
}

// A line now and then for work that takes long where nothing can be redrawn.
void Terminal::report(Task& task, std::int64_t now) {
  if (now - task.reported < plain_every_ms) return;
  task.reported = now;
  send(fmt::format("{}: {}\n", task.label, amount(task.done, task.total)));
}

void Terminal::draw(Redraw redraw) {
  if (settings_.progress != ProgressStyle::tty) return;
  const std::int64_t now = settings_.clock();
  if (redraw == Redraw::when_due && now - drawn_at_ < redraw_every_ms) return;
  drawn_at_ = now;
  // One column stays free: a terminal that is written to its last column may wrap.
  const std::size_t width = std::max<std::size_t>(settings_.width(), 2) - 1;
  std::string frame =
      lines_drawn_ > 0 ? fmt::format("\x1b[{}A\r\x1b[J", lines_drawn_) : std::string();
  lines_drawn_ = std::min(tasks_.size(), most_lines);
  auto task = tasks_.begin();
  for (std::size_t i = 0; i < lines_drawn_; ++i, ++task) {
    const bool more = i + 1 == most_lines && tasks_.size() > most_lines;
    frame += more ? fitted(fmt::format("and {} more", tasks_.size() - i), width)
                  : live_line(task->second, now, width);
    frame += '\n';
  }
  send(frame);
}

std::string Terminal::live_line(const Task& task, std::int64_t now, std::size_t width) const {
  std::string state = amount(task.done, task.total);
  if (task.total > 0 && width >= 70) state = bar(task.done, task.total) + " " + state;
  const std::int64_t elapsed = now - task.started;
  if (elapsed >= 1000 && task.done > 0) {
    const std::uint64_t rate = task.done * 1000 / static_cast<std::uint64_t>(elapsed);
    state += fmt::format("  {}/s", human_size(rate));
  }
  const std::size_t room = columns(state) + 2 < width ? width - columns(state) - 2 : 0;
  return fitted(fmt::format("{}  {}", fitted(task.label, room), state), width);
}

void Terminal::erase() {
  if (lines_drawn_ > 0) send(fmt::format("\x1b[{}A\r\x1b[J", lines_drawn_));
  lines_drawn_ = 0;
}

void Terminal::send(std::string_view text) {
  if (!text.empty()) err_.write(as_bytes(text));
}

ProgressStyle choose_progress(std::string_view option, const TerminalFacts& facts) {
  if (option == "none") return ProgressStyle::none;
  if (option == "tty") return ProgressStyle::tty;
  if (option == "plain") return ProgressStyle::plain;
  const bool moves =
      facts.err_is_terminal && !facts.ci && !facts.term.empty() && facts.term != "dumb";
  return moves ? ProgressStyle::tty : ProgressStyle::plain;
}

Color choose_color(std::string_view option, const TerminalFacts& facts) {
  if (option == "always") return Color::always;
  if (option == "never" || facts.no_color) return Color::never;
  const bool colorful = facts.err_is_terminal && facts.term != "dumb";
  return facts.clicolor_force || colorful ? Color::always : Color::never;
}

std::string tinted(std::string_view text, Tint tint, Color color) {
  if (color == Color::never) return std::string(text);
  const std::string_view code = tint == Tint::red      ? "1;31"
                                : tint == Tint::yellow ? "1;33"
                                : tint == Tint::cyan   ? "1;36"
                                                       : "1";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace mlpack
