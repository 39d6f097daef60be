#include "gateway/tls/trust_entry.h"

namespace sallyport::tls {

std::string_view to_string(TrustKind kind) {
  switch (kind) {
    case TrustKind::ca:
      return "ca";
    case TrustKind::leaf:
      return "leaf";
    case TrustKind::spki:
      break;
  }
  return "spki";
}

}  // namespace sallyport::tls
