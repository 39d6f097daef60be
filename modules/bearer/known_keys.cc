#include "modules/bearer/known_keys.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/crypto/base64.h"

namespace sallyport::bearer {
namespace {

struct KnownKey {
  std::string_view thumbprint;  // base64url
  std::string_view from;
};

constexpr std::array kKnown{
    KnownKey{"r1LkbBo3925Rb2ZFFrKyU3MVex9T2817Kx0vbi6i_Kc", "oidc-provider's development keystore"},
    KnownKey{"IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8", "RFC 7515 appendix A.2"},
    KnownKey{"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", "RFC 7515 appendix A.3"},
    KnownKey{"cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s", "RFC 7517 appendix A.2"},
    KnownKey{"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "RFC 7517 appendix A.2"},
    KnownKey{"9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI", "RFC 7520 section 3.4"},
    KnownKey{"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "RFC 8037 appendix A.1"},
};

}  // namespace

std::string_view known_private_key(const crypto::Sha256& thumbprint) {
  const std::string text = crypto::encode_base64url(crypto::as_text(thumbprint));
  const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const KnownKey& key) { return key.thumbprint == text; });
  return found == kKnown.end() ? std::string_view() : found->from;
}

}  // namespace sallyport::bearer
