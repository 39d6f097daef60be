#include "gateway/desk/chain_trial.h"

#include "gateway/tls/presented_der.h"

namespace sallyport::desk {

tls::ChainVerifier::Verdict try_chain(const std::vector<std::string>& ders,
                                      const tls::TrustStore& store, WallTime at) {
  const tls::PresentedDer presented(ders);
  return tls::ChainVerifier(0).verify(presented.chain(), store, {}, at);
}

}  // namespace sallyport::desk
