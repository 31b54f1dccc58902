#include "layers/deb_alternatives_db.h"

#include "lib/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace mlpack {
namespace {

std::optional<int> parse_priority(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The lines of the file, one after the other.
class Lines {
 public:
  explicit Lines(std::string_view text) : lines_(split(text, '\n')) {}
  bool done() const { return next_ >= lines_.size(); }
  std::string next() { return done() ? std::string() : std::string(lines_[next_++]); }

 private:
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
};

}  // namespace

std::optional<AlternativeGroup> parse_alternative_group(const std::string& name,
                                                        std::string_view text) {
  Lines lines(text);
  AlternativeGroup group;
  const std::string mode = lines.next();
  if (mode != "auto" && mode != "manual") return std::nullopt;
  if (mode == "manual") group.mode = AlternativeGroup::Mode::manual;
  Alternative pattern;
  pattern.name = name;
  pattern.link = lines.next();
  for (std::string slave = lines.next(); !slave.empty(); slave = lines.next())
    pattern.slaves.push_back({lines.next(), slave, {}});
  for (std::string path = lines.next(); !path.empty(); path = lines.next()) {
    Alternative choice = pattern;
    choice.path = path;
    const auto priority = parse_priority(lines.next());
    if (!priority) return std::nullopt;
    choice.priority = *priority;
    for (AlternativeSlave& slave : choice.slaves)
      slave.path = lines.next();
    std::erase_if(choice.slaves, [](const AlternativeSlave& slave) { return slave.path.empty(); });
    group.choices.push_back(std::move(choice));
  }
  if (group.choices.empty()) return std::nullopt;
  return group;
}

std::string write_alternative_group(const AlternativeGroup& group) {
  std::map<std::string, std::string> slaves;
  std::map<std::string, const Alternative*> choices;
  for (const Alternative& choice : group.choices) {
    choices[choice.path] = &choice;
    for (const AlternativeSlave& slave : choice.slaves)
      slaves[slave.name] = slave.link;
  }
  const bool manual = group.mode == AlternativeGroup::Mode::manual;
  std::string text =
      fmt::format("{}\n{}\n", manual ? "manual" : "auto", group.choices.front().link);
  for (const auto& [name, link] : slaves)
    text += fmt::format("{}\n{}\n", name, link);
  for (const auto& [path, choice] : choices) {
    text += fmt::format(
        "{}{}\n{}\n", choice == choices.begin()->second ? "\n" : "", path, choice->priority);
    for (const auto& [name, link] : slaves) {
      const auto& own = choice->slaves;
      const auto found =
          std::find_if(own.begin(), own.end(), [&, wanted = name](const auto& slave) {
            return slave.name == wanted;
          });
      text += (found == own.end() ? "" : found->path) + "\n";
    }
  }
  return text + "\n";
}

}  // namespace mlpack
