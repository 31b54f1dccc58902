#include "lib/url_secrets.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace mlpack {

std::string without_url_secrets(const std::string& text) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t begin = 0; (begin = text.find("://", at)) != std::string::npos;) {
    begin += 3;
    const std::size_t end = std::min(text.find_first_of(" \t\n`'\"()<>,", begin), text.size());
    const std::size_t host_end = std::min(text.find_first_of("/?#", begin), end);
    const std::size_t sign = text.rfind('@', host_end);
    const bool has_user = sign != std::string::npos && sign >= begin && sign < host_end;
    const std::size_t host = has_user ? sign + 1 : begin;
    const std::size_t query = std::min(text.find('?', host), end);
    result += text.substr(at, begin - at);
    result += text.substr(host, query - host);
    at = query < end ? std::min(text.find('#', query), end) : end;
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
    const std::size_t end = std::min(text.find_first_of(" \t\n`'\"<>)#", query), text.size());
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
