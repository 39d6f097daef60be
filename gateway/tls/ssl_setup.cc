#include "gateway/tls/ssl_setup.h"

#include <openssl/nid.h>

#include <array>

#include "gateway/base/check.h"

namespace sallyport::tls {
namespace {

// TLS 1.2 with forward secrecy and AEAD only. Within brackets the client's preference decides, as
// it knows whether it has AES in hardware. TLS 1.3 suites are not configurable, and all good.
constexpr const char* kTls12Suites =
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]:"
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

// P-384 is last: several times as dear, and what some rules of banks and states allow alone.
constexpr std::array<int, 3> kGroups{NID_X25519, NID_X9_62_prime256v1, NID_secp384r1};

// No SHA-1, in either direction. P-521 is for peers' keys: TLS 1.2 would take them in any case,
// with the hash of another curve.
constexpr std::array<std::uint16_t, 10> kSignatures{
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256, SSL_SIGN_RSA_PKCS1_SHA256,
    SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA384, SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_RSA_PSS_RSAE_SHA512,    SSL_SIGN_RSA_PKCS1_SHA512,    SSL_SIGN_ED25519,
    SSL_SIGN_ECDSA_SECP521R1_SHA512};

// A peer's certificates may take this much altogether; the library's own limit is 100 KiB.
constexpr std::size_t kMaxPeerCertificates = 48 * 1024;

}  // namespace

bssl::UniquePtr<SSL_CTX> make_ssl_context(Version min_version) {
  // Certificates stay plain buffers: X.509 objects live only while one is verified.
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_with_buffers_method()));
  SALLYPORT_CHECK(context);
  SSL_CTX* ctx = context.get();
  SALLYPORT_CHECK(SSL_CTX_set_min_proto_version(
                      ctx, min_version == Version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1);
  SALLYPORT_CHECK(SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1);
  SALLYPORT_CHECK(SSL_CTX_set_strict_cipher_list(ctx, kTls12Suites) == 1);
  SALLYPORT_CHECK(SSL_CTX_set1_curves(ctx, kGroups.data(), kGroups.size()) == 1);
  SALLYPORT_CHECK(SSL_CTX_set_verify_algorithm_prefs(ctx, kSignatures.data(), kSignatures.size()) ==
                  1);
  SALLYPORT_CHECK(
      SSL_CTX_set_signing_algorithm_prefs(ctx, kSignatures.data(), kSignatures.size()) == 1);
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_early_data_enabled(ctx, 0);
  SSL_CTX_set_max_cert_list(ctx, kMaxPeerCertificates);
  return context;
}

Result<std::string> alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) {
      return Error{Fault::gateway, "an ALPN protocol name has 1 to 255 bytes"};
    }
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

}  // namespace sallyport::tls
