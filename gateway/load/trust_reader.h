#pragma once

// TrustReader reads what the configuration says of a trust store, and every file that it names.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/load/trust_settings.h"
#include "gateway/load/watched_files.h"
#include "gateway/tls/file_text.h"
#include "gateway/tls/trust_store.h"

namespace sallyport::load {

class TrustReader {
 public:
  // `watched` gets every file and folder that a change of would change the outcome.
  TrustReader(config::Findings& findings, WatchedFiles& watched)
      : findings_(findings), watched_(watched) {}

  // read returns nothing when there was any error; it has become a finding.
  std::optional<tls::TrustStoreSpec> read(const std::string& name,
                                          const TrustStoreSettings& settings,
                                          const config::Node& node);

  // digest_of reads 64 hexadecimal digits; colons between pairs are allowed, as openssl prints.
  static std::optional<crypto::Sha256> digest_of(std::string_view hex);
  // files_in returns the paths of the folder's files with one of the endings, in order.
  static Result<std::vector<std::string>> files_in(const std::string& folder,
                                                   std::span<const std::string_view> endings);

 private:
  void read_file_form(const std::string& name, const TrustStoreSettings& settings,
                      tls::TrustStoreSpec& to);
  void read_entry(const TrustEntrySettings& settings, const config::Node& node,
                  tls::TrustStoreSpec& to);
  bool read_anchor(const TrustEntrySettings& settings, const config::Node& node,
                   tls::TrustEntrySpec& to);
  void read_identity(const IdentitySettings& settings, crypto::IdentityRule& to);
  void read_directory(const config::At<config::File>& directory, tls::TrustStoreSpec& to);
  void read_described(const std::string& yaml, const config::Node& node, tls::TrustStoreSpec& to);
  void read_bare(const std::string& pem, const config::Node& node, tls::TrustStoreSpec& to);
  void read_crl(const CrlSettings& settings, tls::TrustStoreSpec& to);
  void add_crl_file(const std::string& path, const config::Node& node, tls::CrlSpec& to);
  std::optional<tls::FileText> content(const std::string& path, std::size_t limit,
                                       const config::Node& node);
  // certificates returns the text of a PEM file of certificates that are to vouch for others.
  std::optional<std::string> certificates(const std::string& path, const config::Node& node);
  void tell(const std::string& path, const std::string& told, const config::Node& node);

  config::Findings& findings_;
  WatchedFiles& watched_;
};

}  // namespace sallyport::load
