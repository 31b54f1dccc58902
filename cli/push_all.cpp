#include "cli/push_all.h"

#include "lib/parallel.h"
#include "lib/text.h"
#include "registry/shared_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

namespace mlpack {
namespace {

// Tells of several pushes at a time, each under its name.
class NamedProgress : public Progress {
 public:
  NamedProgress(Progress& all, std::string name) : all_(all), name_(std::move(name)) {}

  int begin(const std::string& label, std::uint64_t total) override {
    return all_.begin(name_ + ": " + label, total);
  }
  void advance(int task, std::uint64_t bytes) override { all_.advance(task, bytes); }
  void end(int task, const std::string& outcome) override { all_.end(task, outcome); }
  void note(const std::string& text) override { all_.note(text); }
  void warn(const std::string& text) override { all_.warn(text); }

 private:
  Progress& all_;
  std::string name_;
};

// What a push may end with. A bug ends all of them.
template <class Work>
void run_push(PushResult& result, Work&& work) {
  result.begun = static_cast<std::int64_t>(std::time(nullptr));
  try {
    result.report = work();
  } catch (const Error& error) {
    if (error.fault() == Fault::internal) throw;
    result.error = error;
  }
}

// The push to one of several, with a client of its own: it counts what it sends.
class OneOfMany {
 public:
  OneOfMany(const PushRequest& request, Session& session, SharedBlobs& shared)
      : request_(request), session_(session), shared_(shared) {}

  void run(std::size_t index, PushResult& result) const {
    NamedProgress progress(session_.terminal(), result.name.text());
    Client client(session_.world.transport,
                  session_.credentials,
                  session_.client.options(),
                  progress,
                  session_.world.stop);
    PushRequest request = request_;
    request.target = result.name;
    request.open = [this, index](const Descriptor& blob) { return shared_.open(index, blob); };
    request.check_unsent = [this, index](const Descriptor& blob) {
      shared_.skip(index, blob.digest);
      if (request_.check_unsent) request_.check_unsent(blob);
    };
    run_push(result, [&] { return push(client, request); });
    shared_.leave(index);
  }

 private:
  const PushRequest& request_;
  Session& session_;
  SharedBlobs& shared_;
};

std::string pinned(const PushResult& result) {
  return "`" + result.name.with_digest(result.report->digest).text() + "`";
}

std::string message_of(const PushResult& result) {
  return fmt::format("push to `{}`: {}", result.name.text(), result.error->what());
}

}  // namespace

std::vector<PushResult> push_to_all(const PushRequest& request,
                                    const std::vector<Reference>& names,
                                    Session& session) {
  std::vector<PushResult> results;
  results.reserve(names.size());
  for (const Reference& name : names)
    results.push_back({name, std::nullopt, std::nullopt});
  if (names.size() == 1) {
    PushRequest only = request;
    only.target = names.front();
    run_push(results.front(), [&] { return push(session.client, only); });
  } else {
    SharedBlobs shared(request.open, names.size(), session.world.stop);
    const OneOfMany pushes(request, session, shared);
    parallel_for(
        names.size(), names.size(), [&](std::size_t index) { pushes.run(index, results[index]); });
  }
  return results;
}

std::optional<Error> failure_of(const std::vector<PushResult>& results) {
  std::vector<std::string> done;
  std::vector<const PushResult*> failed;
  for (const PushResult& result : results) {
    result.error ? failed.push_back(&result) : done.push_back(pinned(result));
  }
  if (failed.empty()) return std::nullopt;
  if (results.size() == 1) return results.front().error;
  std::vector<std::string> messages;
  messages.reserve(failed.size());
  for (const PushResult* result : failed)
    messages.push_back(failed.size() > 1 ? message_of(*result) : result->error->what());
  Error error(
      failed.front()->error->fault(),
      (failed.size() > 1 ? fmt::format("{} of {} pushes failed:\n", failed.size(), results.size())
                         : std::string()) +
          join(messages, "\n"),
      failed.front()->error->hint());
  if (!done.empty()) error.add_context("after a push of " + join(done, ", "));
  return error;
}

}  // namespace mlpack
