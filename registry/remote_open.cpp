#include "registry/remote_open.h"

#include "lib/text.h"
#include "registry/remote_hub.h"
#include "registry/remote_s3.h"
#include "registry/remote_web.h"

namespace mlpack {
namespace {

[[noreturn]] void not_a_source(const std::string& source, const char* form) {
  throw Error(Fault::usage,
              fmt::format("`{}` is not a source of weights", printable(source.substr(0, 200))),
              fmt::format("write {}", form));
}

}  // namespace

std::unique_ptr<RemoteSource> open_remote(const std::string& source, const RemoteContext& context) {
  if (source.starts_with("hf://")) {
    const auto name = HubName::parse(source);
    if (!name) not_a_source(source, "`hf://ORGANISATION/MODEL@REVISION`");
    return std::make_unique<HubSource>(
        context, *name, hub_settings(context.environment, context.plain_http));
  }
  if (source.starts_with("s3://")) {
    const auto name = S3Name::parse(source);
    if (!name) not_a_source(source, "`s3://BUCKET/PREFIX`");
    return std::make_unique<S3Source>(
        context, *name, s3_settings(context.environment, context.plain_http));
  }
  return std::make_unique<WebSource>(context, source);
}

}  // namespace mlpack
