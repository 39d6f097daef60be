#include "gateway/load/trust_settings.h"

namespace sallyport::load {

using config::option;

std::span<const config::Option> IdentitySettings::options() {
  using S = IdentitySettings;
  static const std::array rows{
      option<&S::name>("name",
                       "What the client is called in logs and headers; else the store's "
                       "name."),
      option<&S::common_name>("common_name",
                              "Patterns of the subject's common name, one of which must match "
                              "always: `plaid-mtls-<shortname>.plaid.com`."),
      option<&S::dns_name>("dns_name",
                           "Patterns of DNS names; where a certificate has none, they are compared "
                           "with its common name, unless `common_name` is written too."),
      option<&S::uri>("uri",
                      "Exact URIs of the subject's alternative names, one of which it must "
                      "have."),
      option<&S::issuer>("issuer", "Exact issuer of the leaf, as `CN=…,O=…`."),
  };
  return rows;
}

std::span<const config::Option> TrustEntrySettings::options() {
  using S = TrustEntrySettings;
  static const std::array rows{
      option<&S::id>("id", "Name in logs and metrics, unique in the store; else the file's name."),
      option<&S::note>("note", "For whoever reads it next: a ticket, a contact."),
      option<&S::ca>("ca", "PEM bundle of CAs."),
      option<&S::leaf>("leaf", "PEM file of one certificate that is trusted as it stands."),
      option<&S::spki>("spki",
                       "SHA-256 of a public key (DER SubjectPublicKeyInfo), 64 hexadecimal "
                       "digits: any certificate with that key is trusted."),
      option<&S::not_before>("not_before", "The entry does not count before."),
      option<&S::retire_after>("retire_after", "The entry does not count after."),
      option<&S::overlap_until>("overlap_until",
                                "Until then the other entries stay beside this new one: `sallyport "
                                "trust retire` refuses to retire them. `sallyport trust add` "
                                "writes it."),
      option<&S::identity>("identity",
                           "Whose certificates these are; others of the same issuer "
                           "are refused."),
  };
  return rows;
}

std::span<const config::Option> CrlSettings::options() {
  using S = CrlSettings;
  static const std::array rows{
      option<&S::files>("files",
                        "Revocation lists: one of DER, or PEM with one or several, each of one "
                        "issuer. An issuer may "
                        "have several, for different certificates (`issuingDistributionPoint`)."),
      option<&S::directory>("directory", "Folder of such files, ending in `.crl` or `.pem`."),
      option<&S::issuers>("issuers",
                          "PEM bundle of the CAs below the anchors whose lists are "
                          "among the files."),
      option<&S::absent>("absent",
                         "What happens to certificates that no list of their issuer covers."),
      option<&S::expired>("expired", "What happens when a list was not renewed in time."),
  };
  return rows;
}

std::span<const config::Option> TrustStoreSettings::options() {
  using S = TrustStoreSettings;
  static const std::array rows{
      option<&S::file>("file", "PEM bundle of CAs: a store of one entry."),
      option<&S::directory>("directory",
                            "Folder of entries, for `sallyport trust`: each `x.pem` is one, "
                            "described by an `x.yaml` beside it if there is one."),
      option<&S::entries>("entries", "Entries, each with exactly one of `ca`, `leaf` and `spki`."),
      option<&S::blocked>(
          "blocked",
          "SHA-256 (64 hexadecimal digits) of certificates, of clients or of CAs "
          "between them and the anchor, or of public keys, that are refused whoever "
          "issued them."),
      option<&S::crl>("crl", "Revocation lists; once there are any, every issuer needs one."),
  };
  return rows;
}

}  // namespace sallyport::load
