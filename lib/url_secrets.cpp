#include "lib/url_secrets.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mlpack {
namespace {

// Where what began before `from` ends. A URL may hold brackets; one that closes behind it is not of
// it.
std::size_t end_of_url(std::string_view text, std::size_t from) {
  const std::size_t end = std::min(text.find_first_of(" \t\n`'\"<>", from), text.size());
  return end > from && text[end - 1] == ')' ? end - 1 : end;
}

}  // namespace

std::string url_without_secrets(std::string url) {
  const std::size_t hash = std::min(url.find('#'), url.size());
  const std::size_t query = url.find('?');
  if (query < hash) url.erase(query, hash - query);
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t host = scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/#", host), url.size());
  const std::size_t user = url.substr(0, end).rfind('@');
  if (user != std::string::npos && user >= host) url.erase(host, user + 1 - host);
  return url;
}

std::string without_url_secrets(const std::string& text) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t begin = 0; (begin = text.find("://", at)) != std::string::npos;) {
    result += text.substr(at, begin - at);
    at = end_of_url(text, begin);
    result += url_without_secrets(text.substr(begin, at - begin));
  }
  return result + text.substr(at);
}

std::string without_queries(const std::string& words) {
  const std::string text = without_url_secrets(words);
  std::string result;
  std::size_t at = 0;
  for (std::size_t query = 0; (query = text.find('?', at)) != std::string::npos;) {
    const std::size_t before = text.find_last_of(" \t\n`'\"<>", query);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const bool is_path = text.substr(begin, query - begin).find('/') != std::string::npos;
    const std::size_t end = std::min(text.find('#', query), end_of_url(text, query));
    result += text.substr(at, (is_path ? query : end) - at);
    at = end;
  }
  return result + text.substr(at);
}

std::vector<std::string> secret_urls_in(const std::string& text) {
  constexpr std::string_view scheme_letters = "abcdefghijklmnopqrstuvwxyz+";
  std::vector<std::string> urls;
  for (std::size_t sign = 0; (sign = text.find("://", sign)) != std::string::npos; sign += 3) {
    const std::size_t before =
        sign == 0 ? std::string::npos : text.find_last_not_of(scheme_letters, sign - 1);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"'<>#", sign), text.size());
    std::string url = text.substr(begin, end - begin);
    const bool has_some = url.find('?') != std::string::npos || url.find('@') != std::string::npos;
    if (has_some) urls.push_back(std::move(url));
  }
  return urls;
}

}  // namespace mlpack
