#pragma once

#include "lib/remote.h"
#include "registry/remote_wire.h"

#include <optional>
#include <string>
#include <string_view>

namespace mlpack {

/// `hf://ORG/MODEL@REVISION`.
struct HubName {
  std::string repository;         // `org/model`
  std::string revision = "main";  // branch, tag, `refs/pr/1` or commit
  static std::optional<HubName> parse(std::string_view source);
};

/// How the environment says that a hub is spoken to.
struct HubSettings {
  Url endpoint;        // HF_ENDPOINT, without a slash at its end
  std::string token;   // empty: none
  std::string origin;  // of the token, for messages: "HF_TOKEN", "`…/token`"
  bool offline = false;
};

/// From HF_ENDPOINT, HF_HUB_OFFLINE, HF_TOKEN and HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HOME,
/// XDG_CACHE_HOME and HOME, in the ways of huggingface_hub. Fault::usage for an endpoint that is no
/// URL or not encrypted, Fault::auth for a token that cannot be one.
HubSettings hub_settings(const Environment& environment, PlainHttp plain);

/// Models of a hub that speaks Hugging Face's API. The token is sent to the endpoint's origin and
/// nowhere else. `version` of its files is the commit.
class HubSource : public RemoteSource {
 public:
  HubSource(const RemoteContext& context, HubName name, HubSettings settings);

  const std::string& name() const override { return name_; }
  RemoteListing list() override;
  bool is_pinned() const override;
  std::unique_ptr<Source> open(const RemoteFile& file,
                               std::uint64_t offset,
                               std::uint64_t length) override;

 private:
  RemoteCall call(const std::string& target, std::string what) const;
  std::string resolve_revision() const;
  void require_online() const;

  RemoteWire wire_;
  HubName model_;
  HubSettings settings_;
  std::string name_;
};

/// The Error for an answer of the hub that is not 2xx, its X-Error-Code read.
Error hub_refusal(const HubName& model,
                  const HubSettings& settings,
                  const std::string& what,
                  const Landed& landed);

}  // namespace mlpack
