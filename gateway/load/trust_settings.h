#pragma once

// The part of the configuration that says whom to believe: trust stores, their entries and their
// revocation lists. A folder of a store holds the same entries, one file each.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/config/option.h"
#include "gateway/config/values.h"
#include "gateway/tls/crl_set.h"

namespace sallyport::load {

struct IdentitySettings {
  std::string name;
  std::vector<config::At<std::string>> common_name;
  std::vector<config::At<std::string>> dns_name;
  std::vector<std::string> uri;
  std::string issuer;
  static std::span<const config::Option> options();
};

struct TrustEntrySettings {
  std::string id;
  std::string note;
  std::optional<config::At<config::File>> ca;
  std::optional<config::At<config::File>> leaf;
  std::optional<config::At<std::string>> spki;
  std::optional<config::Timestamp> not_before;
  std::optional<config::Timestamp> retire_after;
  std::optional<config::Timestamp> overlap_until;
  IdentitySettings identity;
  static std::span<const config::Option> options();
};

struct CrlSettings {
  std::vector<config::At<config::File>> files;
  std::optional<config::At<config::File>> directory;
  std::optional<config::At<config::File>> issuers;
  tls::CrlFailure absent = tls::CrlFailure::hard_fail;
  tls::CrlFailure expired = tls::CrlFailure::hard_fail;
  static std::span<const config::Option> options();
};

struct TrustStoreSettings {
  std::optional<config::At<config::File>> file;
  std::optional<config::At<config::File>> directory;
  std::vector<config::At<TrustEntrySettings>> entries;
  std::vector<config::At<std::string>> blocked;
  std::optional<config::At<CrlSettings>> crl;
  static std::span<const config::Option> options();
};

}  // namespace sallyport::load
