#include "tests/support/fake_net.h"

#include "registry/peers.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace mlpack::test {
namespace {

class FakeBody : public Body {
 public:
  FakeBody(std::string text, std::optional<std::size_t> cut) : text_(std::move(text)) {
    if (cut && *cut <= text_.size()) {
      text_.resize(*cut);
      cut_ = true;
    }
  }
  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t count = std::min(buffer.size(), text_.size() - position_);
    std::memcpy(buffer.data(), text_.data() + position_, count);
    position_ += count;
    if (count == 0 && cut_) failure_ = NetworkFailure{"connection reset by peer"};
    return count;
  }
  const std::optional<NetworkFailure>& failure() const override { return failure_; }

 private:
  std::string text_;
  std::size_t position_ = 0;
  bool cut_ = false;
  std::optional<NetworkFailure> failure_;
};

std::string read_source(Source& source, std::size_t limit) {
  std::string text;
  std::vector<std::byte> buffer(4096);
  while (text.size() < limit) {
    const std::size_t count =
        source.read(std::span(buffer).first(std::min(buffer.size(), limit - text.size())));
    if (count == 0) break;
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  return text;
}

}  // namespace

Response reply(int status,
               const std::vector<std::pair<std::string, std::string>>& headers,
               const std::string& body,
               std::optional<std::size_t> cut) {
  Response response;
  response.status = status;
  bool has_length = false;
  for (const auto& [name, value] : headers) {
    has_length = has_length || name == "Content-Length";
    response.headers.add(name, value);
  }
  if (!has_length) response.headers.add("Content-Length", std::to_string(body.size()));
  response.body = std::make_unique<FakeBody>(body, cut);
  return response;
}

Url url_of(const std::string& text) {
  const std::optional<Url> url = Url::parse(text);
  if (!url) throw std::invalid_argument("no URL: " + text);
  return *url;
}

Response no_answer(const std::string& message) {
  Response response;
  response.failure = NetworkFailure{"no answer from `registry.example.com`: " + message};
  return response;
}

void FakeNet::serve(const std::string& origin, Server server, std::string peer) {
  const std::scoped_lock lock(guard_);
  servers_[origin] = {std::move(server), std::move(peer)};
}

void FakeNet::fault(Fault fault) {
  const std::scoped_lock lock(guard_);
  faults_.push_back(std::move(fault));
}

std::optional<FakeNet::Fault> FakeNet::take_fault(const Seen& seen) {
  const std::scoped_lock lock(guard_);
  for (Fault& fault : faults_) {
    if ((seen.method + " " + seen.url).find(fault.match) == std::string::npos) continue;
    if (fault.skip-- > 0 || fault.times <= 0) continue;
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

Response FakeNet::send(const Request& request) {
  const std::string origin = url_of(request.url).origin();
  Server server;
  std::string peer;
  {
    const std::scoped_lock lock(guard_);
    const auto found = servers_.find(origin);
    if (found == servers_.end()) {
      return no_answer("could not resolve host: " + origin);
    }
    std::tie(server, peer) = found->second;
  }
  Seen seen{request.method, request.url, request.headers, request.body};
  if (!is_allowed(request.peers, peer)) {
    Response refused;
    refused.failure = NetworkFailure{"no answer from `" + origin + "`: it leads to `" + peer +
                                         "`, an address that is not public",
                                     NetworkFailure::Kind::forbidden};
    return refused;
  }
  const std::optional<Fault> fault = take_fault(seen);
  const std::optional<std::size_t> cut = fault ? fault->cut_request : std::nullopt;
  if (request.source != nullptr) {
    seen.body = read_source(*request.source, cut.value_or(request.length));
  }
  {
    const std::scoped_lock lock(guard_);
    seen_.push_back(seen);
  }
  if (cut) {
    return no_answer();
  }
  Response response = fault && fault->instead ? fault->instead(seen) : server(seen);
  if (fault && fault->then) response = fault->then(std::move(response));
  response.peer = peer;
  return response;
}

std::vector<Seen> FakeNet::seen() const {
  const std::scoped_lock lock(guard_);
  return seen_;
}

std::vector<std::string> FakeNet::lines() const {
  std::vector<std::string> lines;
  for (const Seen& seen : this->seen()) {
    std::string line = seen.line();
    const std::size_t digest = line.find("sha256:");
    if (digest != std::string::npos) line.resize(digest + 13);
    lines.push_back(line);
  }
  return lines;
}

std::size_t FakeNet::count(const std::string& prefix) const {
  const std::vector<std::string> all = lines();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const std::string& line) { return line.starts_with(prefix); }));
}

void FakeNet::forget() {
  const std::scoped_lock lock(guard_);
  seen_.clear();
}

}  // namespace mlpack::test
