#include "modules/modules.h"

#include <array>

#include "modules/address/address.h"
#include "modules/bearer/bearer.h"
#include "modules/client_cert/client_cert.h"
#include "modules/geo/geo.h"
#include "modules/headers/headers.h"
#include "modules/oauth/oauth.h"
#include "modules/quota/quota.h"
#include "modules/rate/rate.h"
#include "modules/revocation/revocation.h"
#include "modules/scope/scope.h"

namespace sallyport {

// Cheap checks of the connection come first, then the token, then what is said about it; headers is
// last, so that it writes what all of them have established. rate comes before what is worth an
// attacker's flood; oauth comes after revocation, which it asks; quota counts only requests that
// would else be forwarded.
std::span<const policy::Module* const> all_modules() {
  static constexpr std::array<const policy::Module*, 10> kModules = {
      &address::module,      //
      &geo::module,          //
      &client_cert::module,  //
      &rate::module,         //
      &bearer::module,       //
      &revocation::module,   //
      &oauth::module,        //
      &scope::module,        //
      &quota::module,        //
      &headers::module,      //
  };
  return kModules;
}

}  // namespace sallyport
