#include "tests/unit/cli/host_tree.h"

#include "lib/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <span>

namespace mlpack::test {
namespace {

using Words = std::vector<std::string>;

const fs::path hosts = fs::path(MLPACK_SOURCE_DIR) / "tests/data/hosts";

class HostTree {
 public:
  explicit HostTree(const fs::path& root) : root_(root) {}

  void expand(const std::string& name) {
    const std::string text = read_file(hosts / (name + ".host"), 1 << 20);
    std::string* body = nullptr;
    for (const std::string_view line : split(text, '\n')) {
      if (body != nullptr && !line.empty()) {
        *body += std::string(line == "\\" ? "" : line) + "\n";
        continue;
      }
      flush();
      body = nullptr;
      if (line.empty() || line.starts_with('#')) continue;
      Words words;
      for (const std::string_view word : split(line, ' '))
        words.emplace_back(word);
      if (words[0] == "file") {
        file_ = words.at(1);
        body = &body_;
      } else {
        run(words);
      }
    }
    flush();
  }

 private:
  fs::path at(const std::string& path) const { return root_ / path.substr(1); }

  void put(const std::string& path, const std::string& text) { write_file(at(path), text); }

  void flush() {
    if (!file_.empty()) put(file_, body_);
    file_.clear();
    body_.clear();
  }

  void link(const std::string& path, const std::string& target) {
    fs::create_directories(at(path).parent_path());
    fs::remove(at(path));
    fs::create_symlink(target, at(path));
  }

  void pci(const Words& words) {
    const std::string folder = "/sys/bus/pci/devices/" + words.at(1) + "/";
    put(folder + "vendor", "0x10de\n");
    put(folder + "class", words.at(2) + "\n");
    put(folder + "current_link_width", "16\n");
    put(folder + "max_link_width", "16\n");
    if (words.at(3) != "-") link(folder + "driver", "../../../bus/pci/drivers/" + words[3]);
    if (words.size() < 5) return;
    const Words model(words.begin() + 4, words.end());
    put("/proc/driver/nvidia/gpus/" + words[1] + "/information",
        "Model: \t\t " + join(model, " ") + "\nIRQ:   \t\t 58\n");
  }

  void run(const Words& words) {
    const std::string& what = words[0];
    const auto paths = std::span(words).subspan(1);
    if (what == "base") return HostTree(root_).expand(words.at(1));
    if (what == "pci") return pci(words);
    if (what == "link") return link(words.at(1), words.at(2));
    for (const std::string& path : paths) {
      if (what == "empty") {
        put(path, "");
      } else if (what == "remove") {
        REQUIRE_MESSAGE(fs::remove_all(at(path)) > 0, path);
      } else {
        FAIL(what);
      }
    }
  }

  fs::path root_;
  std::string file_;
  std::string body_;
};

}  // namespace

std::vector<std::string> host_names() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(hosts))
    if (entry.path().extension() == ".host") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

void make_host(const std::string& name, const fs::path& root) {
  fs::create_directories(root);
  HostTree(root).expand(name);
}

}  // namespace mlpack::test
