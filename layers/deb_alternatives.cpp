#include "layers/deb_alternatives.h"

#include "layers/deb_shell.h"
#include "lib/error.h"
#include "lib/text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace mlpack {
namespace {

constexpr const char* command = "update-alternatives";

[[noreturn]] void fail_unreadable(const std::string& what) {
  throw Error(Fault::incompatible,
              fmt::format("its postinst has an `update-alternatives --install` that {}", what),
              "links made by such a script cannot be known without running it; use a base image "
              "that has the package, or another package");
}

bool is_plain_path(const std::string& path) {
  if (!path.starts_with('/') || path.size() > 1024 || !is_utf8(path)) return false;
  const auto parts = split(std::string_view(path).substr(1), '/');
  return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.empty() || part == "." || part == "..";
  });
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.find_first_of("/ \t\n") == std::string::npos && name != "." &&
         name != ".." && is_utf8(name);
}

// Hands out the words of one call; whatever is missing or unknown ends it.
class Words {
 public:
  explicit Words(const ShellCall& call) : call_(call) {}
  bool done() const { return next_ == call_.size(); }
  const std::string& next() {
    if (done()) fail_unreadable("ends too early");
    if (!call_[next_]) fail_unreadable("depends on what the script finds when it runs");
    return *call_[next_++];
  }
  std::string path() {
    const std::string& word = next();
    if (!is_plain_path(word)) fail_unreadable("names `" + printable(word) + "` as a path");
    return word;
  }
  std::string name() {
    const std::string& word = next();
    if (!is_plain_name(word)) fail_unreadable("names `" + printable(word) + "` as an alternative");
    return word;
  }
  int number() {
    const std::string& word = next();
    int value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      fail_unreadable("has the priority `" + printable(word) + "`");
    }
    return value;
  }

 private:
  const ShellCall& call_;
  std::size_t next_ = 0;
};

bool installs(const ShellCall& call) {
  return std::any_of(call.begin(), call.end(), [](const std::optional<std::string>& word) {
    return word == "--install";
  });
}

Alternative parse_call(const ShellCall& call) {
  Alternative found;
  Words words(call);
  while (!words.done()) {
    const std::string& option = words.next();
    if (option == "--install") {
      found.link = words.path();
      found.name = words.name();
      found.path = words.path();
      found.priority = words.number();
    } else if (option == "--slave") {
      AlternativeSlave& slave = found.slaves.emplace_back();
      slave.link = words.path();
      slave.name = words.name();
      slave.path = words.path();
    } else if (option == "--altdir" || option == "--admindir" || option == "--log") {
      words.next();
    } else if (!option.starts_with("--")) {
      fail_unreadable("has `" + printable(option) + "` where an option should be");
    }
  }
  return found;
}

}  // namespace

std::vector<Alternative> read_alternatives(std::string_view postinst,
                                           const std::string& package,
                                           const std::string& architecture,
                                           const std::function<bool(const std::string&)>& exists) {
  if (postinst.find(command) == std::string_view::npos) return {};
  const ShellFacts facts{{"configure", ""},
                         {{"0", "/var/lib/dpkg/info/" + package + ".postinst"},
                          {"DPKG_MAINTSCRIPT_NAME", "postinst"},
                          {"DPKG_MAINTSCRIPT_PACKAGE", package},
                          {"DPKG_MAINTSCRIPT_ARCH", architecture},
                          {"DPKG_ROOT", ""}},
                         exists};
  const auto calls = read_shell(postinst, command, facts);
  if (!calls) fail_unreadable("is not plain shell");
  std::vector<Alternative> found;
  for (const ShellCall& call : *calls) {
    if (!installs(call)) continue;
    Alternative alternative = parse_call(call);
    if (std::find(found.begin(), found.end(), alternative) == found.end()) {
      found.push_back(std::move(alternative));
    }
  }
  return found;
}

std::map<std::string, std::string> alternative_links(
    const std::vector<Alternative>& alternatives,
    const std::function<bool(const std::string&)>& exists) {
  std::map<std::string, const Alternative*> best;
  for (const Alternative& candidate : alternatives) {
    if (!exists(candidate.path)) continue;
    const Alternative*& chosen = best[candidate.name];
    if (chosen == nullptr || candidate.priority > chosen->priority) chosen = &candidate;
  }
  std::map<std::string, std::string> links;
  const auto add = [&](const auto& alternative) {
    const std::string middle = "/etc/alternatives/" + alternative.name;
    links[alternative.link] = middle;
    links[middle] = alternative.path;
  };
  for (const auto& [name, chosen] : best) {
    add(*chosen);
    for (const AlternativeSlave& slave : chosen->slaves) {
      if (exists(slave.path)) add(slave);
    }
  }
  return links;
}

}  // namespace mlpack
