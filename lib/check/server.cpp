#include "lib/check/server.h"

#include "lib/check/process.h"
#include "lib/text.h"

#include <algorithm>

namespace mlpack {
namespace {

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_python(std::string_view word) {
  return base_name(word).starts_with("python");
}

bool is_same_word(std::string_view word, std::string_view wanted) {
  if (is_python(wanted)) return is_python(word);
  return base_name(word) == base_name(wanted);
}

bool starts_as(const std::vector<std::string>& words, const RuntimeForm& form) {
  return words.size() >= form.program.size() && !form.program.empty() &&
         std::equal(form.program.begin(),
                    form.program.end(),
                    words.begin(),
                    [](std::string_view wanted, const std::string& word) {
                      return is_same_word(word, wanted);
                    });
}

const ServingRuntime* runtime_of(const std::vector<std::string>& words) {
  const ServingRuntime* best = nullptr;
  std::size_t most = 0;
  for (const ServingRuntime& runtime : serving_runtimes()) {
    for (const RuntimeForm& form : runtime.forms) {
      if (form.program.size() <= most || !starts_as(words, form)) continue;
      best = &runtime;
      most = form.program.size();
    }
  }
  return best;
}

std::string program_of(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  if (!is_python(words.front())) return std::string(base_name(words.front()));
  const auto module = std::find(words.begin(), words.end(), "-m");
  return module == words.end() || module + 1 == words.end() ? std::string(base_name(words.front()))
                                                            : *(module + 1);
}

std::string with_dashes(std::string_view flag) {
  std::string text(flag);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

std::string_view without_scheme(std::string_view address) {
  const std::size_t at = address.find("://");
  return at == std::string_view::npos ? address : address.substr(at + 3);
}

}  // namespace

std::optional<std::string> StartedServer::value_of(std::span<const std::string_view> flags) const {
  std::optional<std::string> found;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-')) continue;
    const std::size_t equals = word.find('=');
    const std::string name = with_dashes(std::string_view(word).substr(0, equals));
    const bool is_wanted = std::any_of(flags.begin(), flags.end(), [&](std::string_view flag) {
      return name == with_dashes(flag);
    });
    if (!is_wanted) continue;
    if (equals != std::string::npos) {
      found = word.substr(equals + 1);
    } else if (i + 1 < words.size()) {
      found = words[i + 1];
    }
  }
  return found;
}

bool StartedServer::says(std::string_view flag) const {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return word.starts_with('-') && with_dashes(word.substr(0, word.find('='))) == flag;
  });
}

StartedServer started_server(const ImageConfig& config) {
  StartedServer server;
  server.words = command_words(config);
  server.program = program_of(server.words);
  server.runtime = runtime_of(server.words);
  return server;
}

bool is_loopback(std::string_view address) {
  std::string_view host = without_scheme(address);
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::optional<unsigned> port_in(std::string_view address) {
  constexpr std::uint64_t highest = 65535;
  const std::string_view text = without_scheme(address);
  const std::size_t colon = text.rfind(':');
  const auto port =
      parse_number(colon == std::string_view::npos ? text : text.substr(colon + 1), highest);
  return port && *port > 0 ? std::optional(static_cast<unsigned>(*port)) : std::nullopt;
}

}  // namespace mlpack
