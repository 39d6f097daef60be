#pragma once

// Database is one opened MMDB file, immutable: what is known of addresses at one moment. Workers
// read it without locks and without allocating.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/result.h"
#include "gateway/net/address.h"
#include "gateway/policy/location.h"

struct MMDB_s;

namespace sallyport::geo {

// DatabaseKind is what a database is asked for; its name stands in configuration and metrics.
enum class DatabaseKind : std::uint8_t { country, asn };
std::string_view to_string(DatabaseKind kind);

class Database {
 public:
  // open checks `bytes` from end to end and keeps a copy of its own. Errors, without the file's
  // name: it is damaged, or not of that kind.
  static Result<std::shared_ptr<const Database>> open(std::string_view bytes, DatabaseKind kind);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  // look_up fills in what the database says of `address`: country and continent, or the ASN; what
  // it does not say stays as it was. False: the database is damaged after all.
  bool look_up(const net::Address& address, policy::Location& to) const;

  std::int64_t built_at() const { return built_at_; }  // Unix seconds
  const std::string& type() const { return type_; }
  // bytes is the file as it was opened.
  std::string_view bytes() const;

 private:
  Database(DatabaseKind kind, std::string type, std::int64_t built_at);
  bool read_record(std::uint32_t offset, policy::Location& to) const;

  const DatabaseKind kind_;
  const std::string type_;
  const std::int64_t built_at_;
  std::unique_ptr<MMDB_s> mmdb_;  // zeros until opened
};

}  // namespace sallyport::geo
