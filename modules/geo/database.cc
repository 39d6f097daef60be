#include "modules/geo/database.h"

#include <maxminddb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "modules/geo/mmdb_image.h"
#include "modules/geo/sealed_copy.h"

namespace sallyport::geo {
namespace {

using policy::Location;

constexpr const char* kCountryPath[] = {"country", "iso_code", nullptr};
constexpr const char* kContinentPath[] = {"continent", "code", nullptr};
constexpr const char* kAsnPath[] = {"autonomous_system_number", nullptr};

enum class Found : std::uint8_t { yes, no, damaged };

// MMDB_get_value would allocate; MMDB_aget_value does not.
Found find_value(const MMDB_s& mmdb, std::uint32_t offset, const char* const* path,
                 std::uint32_t type, MMDB_entry_data_s& to) {
  MMDB_entry_s entry{&mmdb, offset};
  switch (MMDB_aget_value(&entry, &to, path)) {
    case MMDB_SUCCESS:
      return to.has_data && to.type == type ? Found::yes : Found::no;
    case MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR:
      return Found::no;
    default:
      return Found::damaged;
  }
}

// read_code reads a code of two capital letters; whatever else stands there is no code.
bool read_code(const MMDB_s& mmdb, std::uint32_t offset, const char* const* path,
               std::array<char, 2>& to) {
  MMDB_entry_data_s value;
  const Found found = find_value(mmdb, offset, path, MMDB_DATA_TYPE_UTF8_STRING, value);
  if (found != Found::yes) return found == Found::no;
  const std::string_view text(value.utf8_string, value.data_size);
  if (text.size() != to.size()) return true;
  if (std::ranges::any_of(text, [](char c) { return c < 'A' || c > 'Z'; })) return true;
  std::ranges::copy(text, to.begin());
  return true;
}

bool read_asn(const MMDB_s& mmdb, std::uint32_t offset, std::uint32_t& to) {
  MMDB_entry_data_s value;
  const Found found = find_value(mmdb, offset, kAsnPath, MMDB_DATA_TYPE_UINT32, value);
  if (found == Found::yes) to = value.uint32;
  return found != Found::damaged;
}

bool says_it_is(DatabaseKind kind, std::string_view type) {
  constexpr std::string_view kCountryTypes[] = {"Country", "City", "Enterprise"};
  constexpr std::string_view kAsnTypes[] = {"ASN", "ISP", "Enterprise"};
  const std::span<const std::string_view> words =
      kind == DatabaseKind::country ? std::span(kCountryTypes) : std::span(kAsnTypes);
  return std::ranges::any_of(
      words, [&](std::string_view word) { return type.find(word) != std::string_view::npos; });
}

Error not_of_kind(DatabaseKind kind, const std::string& type) {
  return {Fault::gateway,
          "is a \"" + type.substr(0, 80) + "\" database: " +
              (kind == DatabaseKind::country
                   ? "countries are in those whose type has Country, City or Enterprise in it"
                   : "ASNs are in those whose type has ASN, ISP or Enterprise in it")};
}

MMDB_lookup_result_s search(const MMDB_s& mmdb, const net::Address& address, int& error) {
  if (address.family() == net::Family::v4) {
    sockaddr_in socket{};
    socket.sin_family = AF_INET;
    std::memcpy(&socket.sin_addr, address.bytes().data(), sizeof socket.sin_addr);
    return MMDB_lookup_sockaddr(&mmdb, reinterpret_cast<const sockaddr*>(&socket), &error);
  }
  sockaddr_in6 socket{};
  socket.sin6_family = AF_INET6;
  std::memcpy(&socket.sin6_addr, address.bytes().data(), sizeof socket.sin6_addr);
  return MMDB_lookup_sockaddr(&mmdb, reinterpret_cast<const sockaddr*>(&socket), &error);
}

}  // namespace

std::string_view to_string(DatabaseKind kind) {
  return kind == DatabaseKind::country ? "country" : "asn";
}

Database::Database(DatabaseKind kind, std::string type, std::int64_t built_at)
    : kind_(kind), type_(std::move(type)), built_at_(built_at), mmdb_(new MMDB_s{}) {}

Database::~Database() {
  if (mmdb_->file_content != nullptr) MMDB_close(mmdb_.get());
}

Result<std::shared_ptr<const Database>> Database::open(std::string_view bytes, DatabaseKind kind) {
  auto image = check_mmdb(bytes);
  if (!image) return image.error();
  if (!says_it_is(kind, image->type)) return not_of_kind(kind, image->type);
  const auto copy = SealedCopy::of(bytes);
  if (!copy) return copy.error();
  std::shared_ptr<Database> database(new Database(kind, image->type, image->built_at));
  const int error = MMDB_open(copy->path().c_str(), MMDB_MODE_MMAP, database->mmdb_.get());
  if (error != MMDB_SUCCESS) {
    database->mmdb_->file_content = nullptr;  // MMDB_open has cleaned up
    return Error{Fault::gateway, std::string("cannot be opened: ") + MMDB_strerror(error)};
  }
  bool says_anything = false;
  for (const std::uint32_t offset : image->sample) {
    Location location;
    if (!database->read_record(offset, location))
      return Error{Fault::gateway, "a record is damaged"};
    says_anything = says_anything || location != Location{};
  }
  if (!says_anything) {
    return Error{Fault::gateway, "has no " + std::string(to_string(kind)) + " in its records"};
  }
  return std::shared_ptr<const Database>(std::move(database));
}

std::string_view Database::bytes() const {
  return {reinterpret_cast<const char*>(mmdb_->file_content),
          static_cast<std::size_t>(mmdb_->file_size)};
}

bool Database::look_up(const net::Address& address, Location& to) const {
  if (address.family() == net::Family::none) return true;
  int error = MMDB_SUCCESS;
  const MMDB_lookup_result_s result = search(*mmdb_, address, error);
  if (error == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) return true;
  if (error != MMDB_SUCCESS) return false;
  return !result.found_entry || read_record(result.entry.offset, to);
}

bool Database::read_record(std::uint32_t offset, Location& to) const {
  if (kind_ == DatabaseKind::asn) return read_asn(*mmdb_, offset, to.asn);
  return read_code(*mmdb_, offset, kCountryPath, to.country_code) &&
         read_code(*mmdb_, offset, kContinentPath, to.continent_code);
}

}  // namespace sallyport::geo
