#pragma once

#include <string_view>

/// What texts of a spec look like: ECMAScript patterns for the whole text, which std::regex, JSON
/// Schema and Python read alike. None can backtrack more than quadratically.
namespace mlpack::patterns {

inline constexpr std::string_view name = "[a-z0-9]+([._-][a-z0-9]+)*";
inline constexpr std::string_view weights_name = "[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?";
inline constexpr std::string_view variable = "[A-Za-z_][A-Za-z0-9_]*";
inline constexpr std::string_view label = "[^\\s=\\x01-\\x1f\\x7f]+";
inline constexpr std::string_view argument = "[A-Za-z0-9][A-Za-z0-9._-]*";
inline constexpr std::string_view extra = "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?";
inline constexpr std::string_view port_name = "(?=.{1,15}$)[a-z]([a-z0-9-]*[a-z0-9])?";
inline constexpr std::string_view system_package = "[a-z0-9][a-z0-9+.-]+";
inline constexpr std::string_view license = "[A-Za-z0-9(][A-Za-z0-9 .+():_-]*";

// The names of images (distribution-spec 1.1): a first part is a host if it has a dot or a port,
// or is `localhost`.
#define MLPACK_REPOSITORY                                                             \
  "((localhost|[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+|\\[[0-9A-Fa-f:]+\\])(:[0-9]{1,5})?/|" \
  "[A-Za-z0-9-]+:[0-9]{1,5}/)?[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"                     \
  "(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*"
#define MLPACK_TAG "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
#define MLPACK_REFERENCE MLPACK_REPOSITORY "(:" MLPACK_TAG ")?(@sha256:[0-9a-f]{64})?"
#define MLPACK_LOCAL_PATH "(?![A-Za-z0-9+.-]+:)[^\\x01-\\x1f\\x7f]+"

inline constexpr std::string_view repository = MLPACK_REPOSITORY;
inline constexpr std::string_view base =
    "oci:(?!//)[^:\\x01-\\x1f\\x7f]+(:" MLPACK_TAG
    ")?|"
    "(?!(oci-archive|docker-archive|docker-daemon|containers-storage|dir):)" MLPACK_REFERENCE;
inline constexpr std::string_view local_path = MLPACK_LOCAL_PATH;
inline constexpr std::string_view weights_source =
    "hf://[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9][A-Za-z0-9._/-]*)?|"
    "https://[^\\s/@#?]+/[^\\s#]*(#sha256=[0-9a-f]{64})?|"
    "oci://" MLPACK_REFERENCE
    "|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\\s]*)?|" MLPACK_LOCAL_PATH;

#undef MLPACK_REPOSITORY
#undef MLPACK_TAG
#undef MLPACK_REFERENCE
#undef MLPACK_LOCAL_PATH

inline constexpr std::string_view absolute_path = "/|(/(?!\\.{1,2}(/|$))[^/\\x01-\\x1f\\x7f]+)+/?";
// What goes into the image does not go where the kernel's file systems are mounted when it runs.
inline constexpr std::string_view target =
    "/|(?!/(proc|sys|dev)(/|$))(/(?!\\.{1,2}(/|$))[^/\\x01-\\x1f\\x7f]+)+/?";
inline constexpr std::string_view folder_below_root =
    "(?!/(proc|sys|dev)(/|$))(/(?!\\.{1,2}(/|$))[^/\\x01-\\x1f\\x7f]+)+/?";
inline constexpr std::string_view glob = "[^\\x01-\\x1f\\x7f]+";
inline constexpr std::string_view http_path = "/[^\\s\\x01-\\x1f\\x7f]*";
inline constexpr std::string_view url = "https?://[^\\s/@#?]+(/[^\\s@#]*)?";

inline constexpr std::string_view version = "[0-9]+(\\.[0-9]+)+([.a-z0-9+-]*[a-z0-9])?|b[0-9]{1,9}";
inline constexpr std::string_view python_version = "3\\.[0-9]{1,2}(\\.[0-9]{1,2})?";
inline constexpr std::string_view cuda = "[1-9][0-9]?\\.[0-9]{1,2}(\\.[0-9]{1,2}(\\.[0-9]{1,3})?)?";
inline constexpr std::string_view driver = "[1-9][0-9]{2}(\\.[0-9]{1,3}(\\.[0-9]{1,2})?)?";
inline constexpr std::string_view snapshot =
    "20([0-9]{2}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])|(0[469]|11)(0[1-9]|[12][0-9]|30)|"
    "02(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])0229)"
    "T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z";
inline constexpr std::string_view duration = "[1-9][0-9]{0,5}[smh]";

inline constexpr std::string_view mode = "0?[0-7]{3}";
inline constexpr std::string_view owner = "(0|[1-9][0-9]{0,8}):(0|[1-9][0-9]{0,8})";
inline constexpr std::string_view user =
    "(0|[1-9][0-9]{0,8}|[a-z_][a-z0-9_-]{0,30})(:(0|[1-9][0-9]{0,8}|[a-z_][a-z0-9_-]{0,30}))?";
inline constexpr std::string_view cpu =
    "[1-9][0-9]{0,4}(\\.[0-9]{1,3})?|0\\.[0-9]{0,2}[1-9]|[1-9][0-9]{0,6}m";
inline constexpr std::string_view memory =
    "[1-9][0-9]{0,5}(kB|KB|MB|GB|TB|Ki|Mi|Gi|Ti|KiB|MiB|GiB|TiB)";
inline constexpr std::string_view layer_size = "[1-9][0-9]{0,5}(MB|GB|TB|Mi|Gi|Ti|MiB|GiB|TiB)";

inline constexpr std::string_view requirements =
    "(?!([^\\x01-\\x1f]*/)?(environment\\.ya?ml|conda-lock[^/]*|poetry\\.lock|[Pp]ipfile(\\.lock)?|"
    "setup\\.(py|cfg)|uv\\.lock|pylock[^/]*)$)(?![A-Za-z0-9+.-]+:)[^\\x01-\\x1f\\x7f]+";
inline constexpr std::string_view lock =
    "(?![A-Za-z0-9+.-]+:)([^\\x01-\\x1f\\x7f]*/)?(uv\\.lock|pylock(\\.[a-z0-9._-]+)?\\.toml)";
inline constexpr std::string_view requirement =
    "[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\\[[A-Za-z0-9._, -]*\\])? *"
    "(@ *https://[^\\s@]+|(===|==|~=|!=|<=|>=|<|>) *[A-Za-z0-9.*+!_-]+"
    "( *, *(===|==|~=|!=|<=|>=|<|>) *[A-Za-z0-9.*+!_-]+)*)? *(;.*)?";

}  // namespace mlpack::patterns
