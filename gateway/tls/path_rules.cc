#include "gateway/tls/path_rules.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <string>
#include <utility>

#include "gateway/base/check.h"
#include "gateway/base/utc.h"
#include "gateway/net/address.h"
#include "gateway/tls/name_constraints.h"
#include "gateway/tls/weakness.h"

namespace sallyport::tls {
namespace {

// Script is the path that the library is to look at, in place of its own search.
struct Script {
  const PathCandidate& path;
  WallTime now;
  const PathStep* out_of_time = nullptr;

  X509* anchor() const { return path.back().certificate; }
};

const Script& script_of(X509_STORE_CTX* context) {
  return *static_cast<Script*>(X509_STORE_CTX_get_app_data(context));
}

// next_of returns what the path has above `certificate`; null for the anchor and for strangers.
X509* next_of(const PathCandidate& path, const X509* certificate) {
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (path[i].certificate == certificate) return path[i + 1].certificate;
  }
  return nullptr;
}

int anchor_for(X509** issuer, X509_STORE_CTX* context, X509* subject) {
  const Script& script = script_of(context);
  X509* anchor = script.anchor();
  const bool is_leaf_the_anchor = script.path.size() == 1 && subject != anchor;
  if (!is_leaf_the_anchor && next_of(script.path, subject) != anchor) return 0;
  *issuer = bssl::UpRef(anchor).release();
  return 1;
}

int is_next(X509_STORE_CTX* context, X509* subject, X509* issuer) {
  return next_of(script_of(context).path, subject) == issuer ? 1 : 0;
}

// anchors_named is asked when no path led to an anchor: the leaf may be one itself.
STACK_OF(X509) * anchors_named(X509_STORE_CTX* context, X509_NAME*) {
  const Script& script = script_of(context);
  if (script.path.size() != 1) return nullptr;
  bssl::UniquePtr<STACK_OF(X509)> anchors(sk_X509_new_null());
  SALLYPORT_CHECK(anchors && bssl::PushToStack(anchors.get(), bssl::UpRef(script.anchor())));
  return anchors.release();
}

// all_in_time stands where the library would verify signatures and dates.
int all_in_time(X509_STORE_CTX* context) {
  auto& script = *static_cast<Script*>(X509_STORE_CTX_get_app_data(context));
  const std::int64_t now = script.now.unix_seconds();
  for (std::size_t i = script.path.size(); i-- > 0;) {
    const PathStep& step = script.path[i];
    if (now >= step.view->not_before && now <= step.view->not_after) continue;
    script.out_of_time = &step;
    X509_STORE_CTX_set_error(context, now < step.view->not_before ? X509_V_ERR_CERT_NOT_YET_VALID
                                                                  : X509_V_ERR_CERT_HAS_EXPIRED);
    return 0;
  }
  return 1;
}

// The library refuses every common name that looks like a DNS name once there is any constraint;
// we ask what the constraints say of it.
int overrule(int ok, X509_STORE_CTX* context) {
  return X509_STORE_CTX_get_error(context) == X509_V_ERR_NAME_CONSTRAINTS_WITHOUT_SANS ? 1 : ok;
}

X509_STORE* scripted_store() {
  static X509_STORE* const store = [] {
    X509_STORE* made = X509_STORE_new();
    SALLYPORT_CHECK(made != nullptr);
    X509_STORE_set_get_issuer(made, anchor_for);
    X509_STORE_set_check_issued(made, is_next);
    X509_STORE_set_lookup_certs(made, anchors_named);
    X509_STORE_set_verify(made, all_in_time);
    X509_STORE_set_verify_cb(made, overrule);
    return made;
  }();
  return store;
}

int purpose_of(const Expectation& expected) {
  return expected.role == Expectation::Role::client ? X509_PURPOSE_SSL_CLIENT
                                                    : X509_PURPOSE_SSL_SERVER;
}

void set_expectation(X509_VERIFY_PARAM* parameters, const Expectation& expected, WallTime now) {
  X509_VERIFY_PARAM_set_time(parameters, now.unix_seconds());
  X509_VERIFY_PARAM_set_depth(parameters, ChainVerifier::kMaxDepth);
  // An anchor is trusted as it stands, also when it is not self-signed.
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  SALLYPORT_CHECK(X509_VERIFY_PARAM_set_purpose(parameters, purpose_of(expected)) == 1);
  if (expected.role == Expectation::Role::client) return;
  // RFC 9525: names are in subjectAltName only, and a wildcard is a whole label.
  X509_VERIFY_PARAM_set_hostflags(
      parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const auto address = net::Address::parse(expected.host);
  // A host that cannot be set poisons the parameters, so that nothing verifies.
  if (address) {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, expected.host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(parameters, expected.host.data(), expected.host.size());
  }
}

RefusalReason reason_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return RefusalReason::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return RefusalReason::not_yet_valid;
    case X509_V_ERR_INVALID_PURPOSE:
      return RefusalReason::wrong_purpose;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return RefusalReason::wrong_name;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_INVALID_NON_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return RefusalReason::invalid_issuer;
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return RefusalReason::malformed;
    default:
      return RefusalReason::other;
  }
}

const char* peers_of(const Expectation& expected) {
  return expected.role == Expectation::Role::client ? "clients" : "servers";
}

std::string who_is(const PathStep& step) { return "the certificate of " + step.view->subject; }

// step_of finds the certificate that the library was at.
const PathStep* step_of(const PathCandidate& path, const X509* certificate) {
  for (const PathStep& step : path) {
    if (step.certificate == certificate) return &step;
  }
  return path.begin();
}

// describe turns the library's verdict into a refusal; the certificate at fault may be an issuer.
CertificateRefusal describe(X509_STORE_CTX* context, const Script& script,
                            const crypto::CertificateView& leaf, const Expectation& expected) {
  const int error = X509_STORE_CTX_get_error(context);
  const RefusalReason reason = reason_of(error);
  const PathStep* at_fault = script.out_of_time;
  if (at_fault == nullptr) {
    at_fault = step_of(script.path, X509_STORE_CTX_get_current_cert(context));
  }
  const std::string who = who_is(*at_fault);
  std::string text = who + ": " + X509_verify_cert_error_string(error);
  if (reason == RefusalReason::expired) {
    text = who + " expired at " + utc_text(at_fault->view->not_after);
  }
  if (reason == RefusalReason::not_yet_valid) {
    text = who + " is not valid before " + utc_text(at_fault->view->not_before);
  }
  if (reason == RefusalReason::wrong_purpose) {
    text = who + " may not be used for TLS " + peers_of(expected);
  }
  if (reason == RefusalReason::wrong_name) text = who + " does not name " + expected.host;
  return refusal_of(reason, std::move(text), leaf);
}

// broken_by_anchor asks of the anchor what the library asks of the issuers below it: an issuing CA
// is held to its limits whether it was sent or stands in the store.
std::optional<CertificateRefusal> broken_by_anchor(const PathCandidate& path,
                                                   const crypto::CertificateView& leaf,
                                                   const Expectation& expected) {
  X509* anchor = path.back().certificate;
  const bool is_issuer = path.size() > 1;
  const std::string who = who_is(path.back());
  if ((X509_get_extension_flags(anchor) & EXFLAG_CRITICAL) != 0) {
    return refusal_of(RefusalReason::malformed,
                      who + " has a critical extension that is not understood", leaf);
  }
  if (X509_check_purpose(anchor, purpose_of(expected), is_issuer ? 1 : 0) != 1) {
    return refusal_of(RefusalReason::wrong_purpose,
                      who + " may not be used for TLS " + peers_of(expected), leaf);
  }
  const long most = X509_get_pathlen(anchor);
  long below = 0;
  for (std::size_t i = 1; i + 1 < path.size(); ++i) {
    const bool counts = (X509_get_extension_flags(path[i].certificate) & EXFLAG_SI) == 0;
    below += counts ? 1 : 0;
  }
  if (most < 0 || below <= most) return std::nullopt;
  return refusal_of(RefusalReason::invalid_issuer,
                    who + " allows " + std::to_string(most) +
                        " issuers below itself, and there are " + std::to_string(below),
                    leaf);
}

// weakness looks at the keys of the whole path, and at every signature but the anchor's own.
std::optional<CertificateRefusal> weakness(const PathCandidate& path,
                                           const crypto::CertificateView& leaf) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool is_anchor = i + 1 == path.size();
    auto weak = weakness_of(path[i].certificate, *path[i].view,
                            is_anchor ? Signed::trusted : Signed::relied_on);
    if (weak) return refusal_of(weak->reason, std::move(weak->text), leaf);
  }
  return std::nullopt;
}

std::optional<CertificateRefusal> broken_by_library(const PathCandidate& path,
                                                    const PresentedChain& chain,
                                                    const Expectation& expected, WallTime now) {
  Script script{path, now};
  const bssl::UniquePtr<X509_STORE_CTX> context(X509_STORE_CTX_new());
  SALLYPORT_CHECK(context && X509_STORE_CTX_init(context.get(), scripted_store(), chain.leaf.get(),
                                                 chain.others.get()) == 1);
  SALLYPORT_CHECK(X509_STORE_CTX_set_app_data(context.get(), &script) == 1);
  set_expectation(X509_STORE_CTX_get0_param(context.get()), expected, now);
  const bool is_good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (is_good) return std::nullopt;
  return describe(context.get(), script, chain.view, expected);
}

// broken_by_common_name: without DNS names the common name is the one that patterns of either kind
// are compared with.
std::optional<CertificateRefusal> broken_by_common_name(const PathCandidate& path,
                                                        const crypto::CertificateView& leaf,
                                                        const Expectation& expected) {
  if (expected.role != Expectation::Role::client || !leaf.dns_names.empty()) return std::nullopt;
  if (!has_dns_form(leaf.common_name) || !forbids_dns_name(path, leaf.common_name)) {
    return std::nullopt;
  }
  return refusal_of(RefusalReason::invalid_issuer,
                    "the CN " + leaf.common_name +
                        " is a DNS name that the name constraints of its "
                        "issuers do not permit",
                    leaf);
}

}  // namespace

std::optional<CertificateRefusal> broken_rule(const PathCandidate& path,
                                              const PresentedChain& chain,
                                              const Expectation& expected, WallTime now) {
  if (auto broken = broken_by_library(path, chain, expected, now)) return broken;
  if (auto broken = broken_by_anchor(path, chain.view, expected)) return broken;
  if (auto broken = broken_by_common_name(path, chain.view, expected)) return broken;
  return weakness(path, chain.view);
}

CertificateRefusal bad_link(const PathStep& subject, const PresentedChain& chain) {
  const std::string who = who_is(subject);
  if (has_weak_signature(subject.certificate)) {
    return refusal_of(RefusalReason::weak_signature,
                      who + " is signed with a digest that is no longer safe", chain.view);
  }
  return refusal_of(RefusalReason::bad_signature,
                    who + ": the signature was not made with the key of its issuer", chain.view);
}

}  // namespace sallyport::tls
