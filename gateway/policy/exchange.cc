#include "gateway/policy/exchange.h"

namespace sallyport::policy {

void refresh_now(Exchange& exchange) {
  if (exchange.clock != nullptr) exchange.now = exchange.clock->wall();
}

}  // namespace sallyport::policy
