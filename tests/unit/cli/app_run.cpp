#include "tests/unit/cli/app_run.h"

#include "lib/text.h"

namespace mlpack::test {
namespace {

class NoNetwork : public Transport {
 public:
  Response send(const Request& request) override {
    Response response;
    response.failure =
        NetworkFailure{"no network in tests: " + request.url, NetworkFailure::Kind::forbidden};
    return response;
  }
};

class Forward : public Transport {
 public:
  explicit Forward(FakeNet& net) : net_(net) {}
  Response send(const Request& request) override { return net_.send(request); }

 private:
  FakeNet& net_;
};

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

}  // namespace

AppRun::AppRun() {
  variables["HOME"] = dir / "home";
  variables["MLPACK_STORE"] = dir / "store";
  open_transport = [](const fs::path&) { return std::make_unique<NoNetwork>(); };
}

AppRun::Result AppRun::run(const std::vector<std::string>& words) {
  StringSink out(64 << 20);
  StringSink err(1 << 20);
  const auto environment = [this](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  const Surroundings around{out,
                            err,
                            stop,
                            environment,
                            {},
                            [] { return std::size_t{80}; },
                            [] { return std::int64_t{0}; },
                            2,
                            open_transport};
  const int code = run_app(words, around);
  return {code, out.text, err.text};
}

std::string AppRun::transcript(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    const Result result = run(words_of(line));
    text += "$ mlpack " + line + "\n" + result.out + result.err;
    if (result.code != 0) text += "exit code " + std::to_string(result.code) + "\n";
    text += "\n";
  }
  replace_all(text, dir.path().string(), "DIR");
  return text;
}

void AppRun::connect(FakeNet& net) {
  open_transport = [&net](const fs::path&) { return std::make_unique<Forward>(net); };
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  for (const std::string_view word : split(line, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

}  // namespace mlpack::test
