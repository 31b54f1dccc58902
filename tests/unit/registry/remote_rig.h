#pragma once

#include "registry/remote_wire.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/rig.h"

#include <map>
#include <string>

namespace mlpack::test {

/// A net without servers, an empty environment, and a clock that only sleeping moves.
struct RemoteRig {
  Rig rig;
  FakeNet& net = rig.net;
  std::map<std::string, std::string> environment;
  StringSink sink{1 << 20};

  RemoteContext context() {
    const Environment look = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
    return {net, look, rig.progress, rig.stop, rig.options().retry};
  }
};

/// Reads a part of `file`, or all of it and compared with its digests.
inline void read_from(RemoteSource& source,
                      const RemoteFile& file,
                      std::uint64_t offset,
                      std::uint64_t length,
                      Sink& sink) {
  if (offset == 0 && length == file.size) {
    copy(*source.open_whole(file), sink);
  } else {
    source.fetch(file, offset, length, sink);
  }
}

/// `body`, or the part of it that was asked for, as RFC 9110 has it.
inline Response ranged(const Seen& seen,
                       const std::string& body,
                       std::vector<std::pair<std::string, std::string>> headers = {}) {
  const std::string range = seen.headers.find("Range").value_or("");
  if (range.empty()) return reply(200, std::move(headers), body);
  const std::size_t dash = range.find('-');
  const std::size_t from = std::stoul(range.substr(6, dash - 6));
  const std::size_t to = std::min<std::size_t>(std::stoul(range.substr(dash + 1)), body.size() - 1);
  headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", from, to, body.size()));
  return reply(206, std::move(headers), body.substr(from, to - from + 1));
}

}  // namespace mlpack::test
