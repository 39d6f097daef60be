#pragma once

// CertificateRegister remembers the client certificates that were shown and verified: what `certs`
// lists, what `trust retire` asks, and what `trust rehearse` tries against a store that is not in
// force yet. Bounded, kept on disk if there is a folder. Control thread.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/clients/lmdb_store.h"
#include "gateway/crypto/digest.h"
#include "gateway/server/seen_certificates.h"

namespace sallyport::desk {

// SeenCertificate is a certificate with the chain that came with it.
struct SeenCertificate {
  crypto::CertificateView view;  // with chain_der
  std::string store;
  std::string entry;  // that vouched for it last
  std::string identity;
  std::set<std::string> where;  // "listener/server name"
  std::int64_t first_seen = 0;  // Unix seconds
  std::int64_t last_seen = 0;
  std::uint64_t handshakes = 0;  // since first_seen

  // handshakes_in counts those in the last `period`, up to a day, to ten minutes.
  std::uint64_t handshakes_in(Seconds period, WallTime now) const;
  // recent is what handshakes_in counts by, as it is kept: "slot:handshakes", space separated.
  std::string recent() const;
  // restore_recent takes such text; false: it is malformed.
  bool restore_recent(std::string_view text);

 private:
  friend class CertificateRegister;
  static constexpr std::int64_t kSlotSeconds = 600;
  static constexpr std::int64_t kSlots = 24 * 6 + 1;
  std::array<std::uint32_t, kSlots> slots_{};
  std::int64_t newest_slot_ = 0;
  bool is_dirty_ = false;

  void count(std::uint64_t handshakes, std::int64_t unix_seconds);
};

class CertificateRegister {
 public:
  struct Options {
    std::string folder;  // empty: in memory only
    Seconds keep{30 * 24 * 3600};
    std::size_t max = 4096;
  };

  // open reads what was kept. It fails when the folder cannot be used.
  static Result<std::unique_ptr<CertificateRegister>> open(Options options, WallTime now);

  void note(const server::Sighting& sighting);
  // save writes what changed, and forgets what was not seen for so long.
  void save() { save(wall_now()); }
  void save(WallTime now);

  std::vector<const SeenCertificate*> all() const;
  // last_use is when an entry vouched for a handshake last; zero: never, as far as is remembered.
  std::int64_t last_use(std::string_view store, std::string_view entry) const;
  std::uint64_t save_failures() const { return save_failures_; }

 private:
  explicit CertificateRegister(Options options) : options_(std::move(options)) {}
  void make_room();
  void forget(const crypto::Sha256& key);

  const Options options_;
  std::unique_ptr<clients::LmdbStore> store_;
  std::map<crypto::Sha256, SeenCertificate> by_digest_;
  std::uint64_t save_failures_ = 0;
};

// A SeenCertificate as it is kept: JSON.
std::string encode(const SeenCertificate& seen);
Result<SeenCertificate> decode(std::string_view text);

}  // namespace sallyport::desk
