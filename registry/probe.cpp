#include "registry/probe.h"

#include "lib/error.h"
#include "registry/upload_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace mlpack {
namespace {

// Several chunks, so that a registry shows what it does with them.
constexpr int chunks_of_probe = 4;
constexpr std::uint64_t probe_chunk = probe_size / chunks_of_probe;

// Bytes of its own for each form: what the registry has already would hide what it does.
std::string probe_bytes(UploadForm form) {
  std::string bytes = fmt::format("mlpack doctor tried an upload as {}\n", form_name(form));
  bytes.resize(probe_size, '.');
  return bytes;
}

bool is_of_the_form(const Error& error) {
  return error.fault() == Fault::refused || error.fault() == Fault::integrity;
}

class Probe {
 public:
  Probe(const Repository& repository, const std::string& known, const MakeClient& make)
      : repository_(repository),
        make_(make),
        now_(std::time(nullptr)),
        found_(UploadRules::of(repository.name.host())) {
    found_.recall(known, now_);
  }

  ProbedUploads run() {
    ProbedUploads probed;
    for (const UploadForm form : found_.forms())
      probed.forms.push_back({form, try_form(form)});
    if (!broken_.empty() && broken_.size() == probed.forms.size()) throw broken_.back();
    std::stable_sort(
        probed.forms.begin(), probed.forms.end(), [](const auto& left, const auto& right) {
          return left.failure.empty() && !right.failure.empty();
        });
    probed.chunk = chunk_;
    if (found_.is_changed()) probed.text = found_.text(now_);
    return probed;
  }

 private:
  // What went wrong; empty where nothing did.
  std::string try_form(UploadForm form) {
    UploadRules only = UploadRules::of(repository_.name.host());
    only.keep_only(form, probe_chunk);
    const auto client = make_(only.text(now_));
    const std::string bytes = probe_bytes(form);
    const Descriptor blob{"application/octet-stream", Digest::of(bytes), bytes.size(), {}, {}};
    std::string failure;
    try {
      client->upload_blob(repository_, blob, [&] { return std::make_unique<StringSource>(bytes); });
    } catch (const Error& error) {
      if (error.fault() == Fault::network) {
        broken_.push_back(error);
      } else if (!is_of_the_form(error)) {
        throw;
      }
      failure = error.what();
    }
    const UploadRules rules = client->upload_rules(repository_);
    found_.learn_from(rules, only, form);
    if (form == UploadForm::chunks) chunk_ = rules.chunk();
    // It may have gone out in another form in the end.
    if (failure.empty() && !rules.takes(form, probe_size)) failure = kept_otherwise();
    return failure;
  }

  std::string kept_otherwise() const {
    return fmt::format("`{}` took it, and had something else than was sent",
                       repository_.name.host());
  }

  const Repository& repository_;
  const MakeClient& make_;
  std::int64_t now_;
  UploadRules found_;
  std::uint64_t chunk_ = probe_chunk;  // of the last chunks that were sent
  std::vector<Error> broken_;          // forms that got no answer
};

}  // namespace

ProbedUploads probe_uploads(const Repository& repository,
                            const std::string& known,
                            const MakeClient& make) {
  return Probe(repository, known, make).run();
}

std::string form_name(UploadForm form) {
  switch (form) {
    case UploadForm::put:
      return "one PUT";
    case UploadForm::patch:
      return "one PATCH";
    case UploadForm::chunks:
      return "chunks";
  }
  fail(Fault::internal, "no such form of an upload");
}

}  // namespace mlpack
