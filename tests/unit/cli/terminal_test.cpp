#include "cli/terminal.h"

#include "lib/parallel.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace mlpack;

namespace {

constexpr std::uint64_t mib = 1 << 20;

struct Screen {
  StringSink out{1 << 20};
  StringSink err{1 << 20};
  std::int64_t now = 0;
  std::size_t width = 80;

  TerminalSettings settings(ProgressStyle style, Verbosity verbosity = Verbosity::normal) {
    TerminalSettings settings;
    settings.progress = style;
    settings.verbosity = verbosity;
    settings.width = [this] { return width; };
    settings.clock = [this] { return now; };
    return settings;
  }
  // What was written since the last call.
  std::string take() { return std::exchange(err.text, ""); }
};

}  // namespace

TEST_CASE("a terminal shows a line for running work and takes it away when it ended") {
  Screen screen;
  screen.now = 1000;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
  const int task = terminal.begin("weights base", 4 * mib);
  CHECK(screen.take() == "weights base  [--------------------] 0 B / 4.00 MiB\n");
  screen.now = 3000;
  terminal.advance(task, mib);
  CHECK(screen.take() ==
        "\x1b[1A\r\x1b[Jweights base  [#####---------------] 1.00 MiB / 4.00 MiB  512 KiB/s\n");
  terminal.end(task, "packed, 4.00 MiB");
  CHECK(screen.take() == "\x1b[1A\r\x1b[Jweights base: packed, 4.00 MiB\n");
  CHECK(screen.out.text.empty());
}

TEST_CASE("a terminal redraws at most ten times a second") {
  Screen screen;
  screen.now = 1000;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
  const int task = terminal.begin("layer", 0);
  screen.take();
  screen.now = 1099;
  terminal.advance(task, 1);
  CHECK(screen.take().empty());
  screen.now = 1100;
  terminal.advance(task, 1);
  CHECK(screen.take() == "\x1b[1A\r\x1b[Jlayer  2 B\n");
}

TEST_CASE("a line never reaches the last column, however long the label is") {
  Screen screen;
  screen.now = 1000;
  screen.width = 20;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
  terminal.begin("ein-sehr-länglicher-Name", 0);
  CHECK(screen.take() == "ein-sehr-läng~  0 B\n");
}

TEST_CASE("more work than fits is counted, not shown") {
  Screen screen;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
  for (int i = 1; i <= 11; ++i)
    terminal.begin("task " + std::to_string(i), 0);
  screen.now = 1000;
  terminal.begin("task 12", 0);
  const std::string frame = screen.take();
  CHECK(frame.find("task 7  0 B\nand 5 more\n") != std::string::npos);
  CHECK(frame.find("task 8") == std::string::npos);
}

TEST_CASE("messages stand above the lines of running work") {
  Screen screen;
  screen.now = 1000;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
  terminal.begin("layer", 0);
  screen.take();
  terminal.warn("look out");
  CHECK(screen.take() == "\x1b[1A\r\x1b[Jwarning: look out\nlayer  0 B\n");
}

TEST_CASE("nothing is left of unfinished work when the terminal ends") {
  Screen screen;
  screen.now = 1000;
  {
    Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::tty));
    terminal.begin("layer", 0);
    screen.take();
  }
  CHECK(screen.take() == "\x1b[1A\r\x1b[J");
}

TEST_CASE("plain progress says what ended, and every 30 seconds what has not") {
  Screen screen;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::plain));
  const int task = terminal.begin("layer", 4 * mib);
  screen.now = 29'999;
  terminal.advance(task, mib);
  CHECK(screen.take().empty());
  screen.now = 30'000;
  terminal.advance(task, mib);
  CHECK(screen.take() == "layer: 2.00 MiB / 4.00 MiB\n");
  terminal.end(task, "uploaded");
  CHECK(screen.take() == "layer: uploaded\n");
}

TEST_CASE("with --quiet only warnings are heard") {
  Screen screen;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::none, Verbosity::quiet));
  terminal.end(terminal.begin("layer", 1), "packed");
  terminal.note("a note");
  terminal.detail("a detail");
  CHECK(screen.take().empty());
  terminal.warn("look out");
  CHECK(screen.take() == "warning: look out\n");
}

TEST_CASE("details are for --verbose") {
  Screen screen;
  Terminal terminal(
      screen.out, screen.err, screen.settings(ProgressStyle::none, Verbosity::verbose));
  terminal.detail("a detail");
  CHECK(screen.take() == "a detail\n");
}

TEST_CASE("text from outside cannot steer the terminal") {
  Screen screen;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::plain));
  terminal.note("evil \x1b[2J name");
  terminal.end(terminal.begin("a\nb", 0), "\xff");
  CHECK(screen.take() == "evil \\x1b[2J name\na\\x0ab: \\xff\n");
}

TEST_CASE("work from many threads is shown without being mixed up") {
  Screen screen;
  Terminal terminal(screen.out, screen.err, screen.settings(ProgressStyle::plain));
  parallel_for(8, 8, [&](std::size_t i) {
    const int task = terminal.begin("task " + std::to_string(i), 0);
    for (int n = 0; n < 100; ++n)
      terminal.advance(task, 1);
    terminal.end(task, "done");
  });
  const std::string text = screen.take();
  for (int i = 0; i < 8; ++i) {
    CHECK(text.find("task " + std::to_string(i) + ": done\n") != std::string::npos);
  }
}

TEST_CASE("--progress auto asks for a terminal that can move its cursor, outside of CI") {
  TerminalFacts facts;
  CHECK(choose_progress("", facts) == ProgressStyle::plain);
  facts.err_is_terminal = true;
  facts.term = "xterm";
  CHECK(choose_progress("auto", facts) == ProgressStyle::tty);
  facts.ci = true;
  CHECK(choose_progress("auto", facts) == ProgressStyle::plain);
  CHECK(choose_progress("tty", facts) == ProgressStyle::tty);
  facts.ci = false;
  facts.term = "dumb";
  CHECK(choose_progress("auto", facts) == ProgressStyle::plain);
  CHECK(choose_progress("tty", {}) == ProgressStyle::tty);
  CHECK(choose_progress("none", facts) == ProgressStyle::none);
}

TEST_CASE(
    "colour: the option wins over NO_COLOR, that over CLICOLOR_FORCE, that over the terminal") {
  TerminalFacts facts;
  CHECK(choose_color("", facts) == Color::never);
  facts.err_is_terminal = true;
  CHECK(choose_color("auto", facts) == Color::always);
  facts.no_color = true;
  facts.clicolor_force = true;
  CHECK(choose_color("", facts) == Color::never);
  CHECK(choose_color("always", facts) == Color::always);
  facts = {};
  facts.clicolor_force = true;
  CHECK(choose_color("", facts) == Color::always);
  CHECK(choose_color("never", facts) == Color::never);
}
