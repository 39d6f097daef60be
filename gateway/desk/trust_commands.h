#pragma once

// What operators ask about certificates and trust. Orders and answers are JSON; the command line
// renders them. Everything here runs on the control thread, or in a process without a gateway.

#include <functional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/desk/certificate_register.h"
#include "gateway/load/load.h"

namespace sallyport::desk {

// trust_command answers the verbs `certs`, `trust`, `rehearse` and `explain`; false: it is another.
bool trust_command(const load::Loaded& loaded, const CertificateRegister& certificates,
                   std::string_view verb, std::string_view json,
                   const std::function<void(int, std::string)>& answer);

// certs_json: every certificate and list with its expiry, and those that clients have shown.
std::string certs_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now);
// trust_json: the entries of all stores, with their use.
std::string trust_json(const load::Loaded& loaded, const CertificateRegister& certificates,
                       WallTime now);

// rehearse tries every chain that was seen against a store as it would be. Order: {"store":…,
// "remove":id, "add":PEM, "at":Unix seconds, "days":number}, all but the first optional.
Result<std::string> rehearse(const load::Loaded& loaded, const CertificateRegister& certificates,
                             std::string_view order, WallTime now);

// explain judges a certificate as a handshake would, check by check, and as the route's policies
// would. Order: {"pem":leaf first, "store":…, "route":…, "at":Unix seconds}.
Result<std::string> explain(const load::Loaded& loaded, std::string_view order, WallTime now);

}  // namespace sallyport::desk
