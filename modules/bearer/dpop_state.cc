#include "modules/bearer/dpop_state.h"

#include <array>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/crypto/random.h"

namespace sallyport::bearer {

NonceMint::NonceMint() {
  std::array<std::uint8_t, 32> bytes;
  crypto::fill_random(bytes);
  key_.assign(bytes.begin(), bytes.end());
}

std::string NonceMint::of_period(std::int64_t period) const {
  constexpr std::size_t kBytes = 16;
  const crypto::Sha256 mac = crypto::hmac_sha256(key_, std::to_string(period));
  return crypto::encode_base64url(crypto::as_text(mac).substr(0, kBytes));
}

bool NonceMint::is_good(std::string_view nonce, std::int64_t now) const {
  const std::int64_t period = now / kPeriod;
  return crypto::constant_time_equal(nonce, of_period(period)) ||
         crypto::constant_time_equal(nonce, of_period(period - 1));
}

void DpopService::metrics(std::vector<policy::Metric>& to) const {
  to.push_back({"dpop_replay_capacity", "How many used DPoP proofs can be remembered.", false, "",
                "", static_cast<double>(state_->replays.capacity())});
  to.push_back({"dpop_replay_used", "How many used DPoP proofs are remembered.", false, "", "",
                static_cast<double>(state_->replays.used(wall_now().unix_seconds()))});
}

}  // namespace sallyport::bearer
