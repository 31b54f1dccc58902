#include "registry/referrers.h"

#include "lib/error.h"
#include "lib/oci/manifest.h"
#include "lib/text.h"
#include "registry/client_state.h"
#include "registry/reader.h"
#include "registry/remote_hub_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace mlpack {
namespace {

// An answer that goes on for longer is a lie.
constexpr int most_pages = 64;
constexpr int list_attempts = 8;
constexpr int looks_for_entry = 4;

std::string subject_text(const Repository& repository, const Digest& subject) {
  return fmt::format("`{}@{}`", repository.name.name(), subject.text());
}

bool is_listed(const std::vector<Descriptor>& entries, const Digest& digest) {
  return std::any_of(entries.begin(), entries.end(), [&](const Descriptor& entry) {
    return entry.digest == digest;
  });
}

bool is_list(const Answer& answer) {
  const std::string type = to_lower(answer.response.headers.find("Content-Type").value_or(""));
  return answer.response.status == 200 && type.starts_with(media_type::oci_index);
}

// One page of a list, as the registry sends it.
class ReferrersPage {
 public:
  ReferrersPage(Client::State& state, const Repository& repository, const Digest& subject)
      : state_(state),
        repository_(repository),
        path_(registry_path(repository, "referrers/" + subject.text())),
        attempt_(state.attempt(repository,
                               "list what refers to " + subject_text(repository, subject))) {}

  const Attempt& attempt() const { return attempt_; }

  // nullopt: it has no such list. A page of a site that answers everything is none.
  std::optional<Answer> ask(const std::string& query) const {
    Call call{.method = "GET", .target = path_ + query};
    call.headers.add("Accept", std::string(media_type::oci_index));
    Answer answer = state_.exchange(repository_, call);
    if (answer.response.failure || is_passing(answer.response.status)) {
      answer = state_.persist(repository_, call, attempt_);
    }
    if (answer.response.status == 401 || answer.response.status == 403) {
      throw refusal(attempt_, answer);
    }
    return is_list(answer) ? std::optional(std::move(answer)) : std::nullopt;
  }

  std::string text(const Answer& answer) const {
    BodyText body = read_body(*answer.response.body, max_manifest_bytes);
    if (body.truncated) {
      fail(Fault::refused,
           "cannot {}: the list is larger than {}",
           attempt_.what,
           human_size(max_manifest_bytes));
    }
    if (body.failure) throw unreachable(attempt_.what, *body.failure);
    return std::move(body.text);
  }

 private:
  Client::State& state_;
  const Repository& repository_;
  std::string path_;
  Attempt attempt_;
};

// The tag that stands in for the registry's list.
class ReferrersTag {
 public:
  ReferrersTag(Client& client, const Repository& repository, const Digest& subject)
      : client_(client),
        repository_(repository),
        tag_(referrers_tag(subject)),
        what_(fmt::format("`{}:{}`", repository.name.name(), tag_)) {}

  // Empty: there is none.
  std::string text() const {
    auto found = client_.get_manifest(repository_, tag_);
    return found ? std::move(found->bytes) : std::string();
  }

  std::vector<Descriptor> entries() const {
    const std::string list = text();
    return list.empty() ? std::vector<Descriptor>() : parse_referrers(list, what_);
  }

  // Nothing keeps two from putting their lists at once, and the last one wins. So who put one looks
  // whether it stayed, once more after a while.
  void add(const Descriptor& entry) const {
    int seen = 0;
    for (int attempt = 0; attempt < list_attempts; ++attempt) {
      const auto longer = with_referrer(text(), entry, what_);
      if (!longer) {
        const bool was_there_before = attempt == 0;
        if (was_there_before || ++seen == 2) return;
      } else {
        seen = 0;
        if (client_.put_manifest(repository_, tag_, *longer, std::string(media_type::oci_index)) ==
            PutManifest::blobs_missing) {
          fail(Fault::refused,
               "cannot put {}: the registry says that manifests in the list are missing",
               what_);
        }
        continue;
      }
      client_.pause(0);
    }
    throw Error(Fault::refused,
                fmt::format("{} does not keep what is put into it", what_),
                "others may be changing it all the time; push again");
  }

 private:
  Client& client_;
  const Repository& repository_;
  std::string tag_;
  std::string what_;
};

// What a registry takes it may list a moment later.
void require_listed(Client& client,
                    const Repository& repository,
                    const Digest& subject,
                    const Descriptor& entry,
                    std::vector<Descriptor> listed) {
  for (int look = 1; !is_listed(listed, entry.digest); ++look) {
    if (look == looks_for_entry) {
      throw Error(Fault::refused,
                  fmt::format("`{}` took `{}` and does not list it among what refers to {}",
                              repository.name.host(),
                              entry.digest.text(),
                              subject_text(repository, subject)),
                  "push again; where that does not help, ask whoever runs the registry");
    }
    client.pause(look - 1);
    listed = client.referrers(repository, subject, "").value_or(std::vector<Descriptor>());
  }
}

Digest subject_of(const Image& artifact) {
  if (artifact.manifest.subject) return artifact.manifest.subject->digest;
  fail(Fault::internal, "`{}` refers to nothing", artifact.digest().text());
}

PushRequest request_for(const Image& artifact, const Reference& target, const OpenBlob& open) {
  return {{artifact}, {}, parse_reference(target.name()).with_digest(artifact.digest()), open};
}

}  // namespace

std::optional<std::vector<Descriptor>> Client::referrers(const Repository& repository,
                                                         const Digest& subject,
                                                         const std::string& artifact_type) {
  return state_->look_in_places(repository, PullKind::digest, [&](const Repository& place) {
    return state_->referrers(place, subject, artifact_type);
  });
}

std::optional<std::vector<Descriptor>> Client::State::referrers(const Repository& repository,
                                                                const Digest& subject,
                                                                const std::string& artifact_type) {
  const ReferrersPage page(*this, repository, subject);
  std::string query = artifact_type.empty() ? "" : "?artifactType=" + escape_query(artifact_type);
  std::vector<Descriptor> found;
  std::set<std::string> asked;
  for (int count = 0; asked.insert(query).second; ++count) {
    const auto answer = page.ask(query);
    if (!answer && count == 0) return std::nullopt;
    if (!answer || count == most_pages) {
      fail(Fault::refused, "cannot {}: the list does not come to an end", page.attempt().what);
    }
    const std::string what =
        fmt::format("the list of what refers to {}", subject_text(repository, subject));
    for (Descriptor& entry : parse_referrers(page.text(*answer), what)) {
      const bool fits = artifact_type.empty() || entry.artifact_type == artifact_type;
      if (fits && !is_listed(found, entry.digest)) found.push_back(std::move(entry));
    }
    const auto next = next_page_query(answer->url, answer->response.headers);
    if (!next) break;
    query = *next;
  }
  return found;
}

std::vector<Descriptor> find_referrers(Client& client,
                                       const Repository& repository,
                                       const Digest& subject,
                                       const std::string& artifact_type) {
  if (auto listed = client.referrers(repository, subject, artifact_type)) return *listed;
  std::vector<Descriptor> found = ReferrersTag(client, repository, subject).entries();
  std::erase_if(found, [&](const Descriptor& entry) {
    return !artifact_type.empty() && entry.artifact_type != artifact_type;
  });
  return found;
}

PushReport push_referrer(Client& client,
                         const Image& artifact,
                         const Reference& target,
                         const OpenBlob& open) {
  const Digest subject = subject_of(artifact);
  const PushRequest request = request_for(artifact, target, open);
  const PushReport report = push(client, request);
  const Repository repository{request.target, Access::push};
  const Descriptor entry = referrer_of(artifact);
  if (auto listed = client.referrers(repository, subject, "")) {
    require_listed(client, repository, subject, entry, std::move(*listed));
  } else {
    ReferrersTag(client, repository, subject).add(entry);
  }
  return report;
}

ReferrerPlan plan_referrer(Client& client,
                           const Image& artifact,
                           const Reference& target,
                           const OpenBlob& open) {
  const Digest subject = subject_of(artifact);
  const PushRequest request = request_for(artifact, target, open);
  ReferrerPlan plan{request.target, referrer_of(artifact), subject, plan_push(client, request), {}};
  const std::vector<Descriptor> found =
      find_referrers(client, {request.target, Access::push}, subject);
  plan.listed = is_listed(found, artifact.digest()) ? ReferrerPlan::Listed::already
                                                    : ReferrerPlan::Listed::not_yet;
  return plan;
}

}  // namespace mlpack
