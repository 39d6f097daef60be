#pragma once

// The paths that may lead from a presented certificate to a CA of a trust entry, the likeliest
// first (RFC 4158): by names, by the authority key identifier as far as it is heeded, and by dates.
// Whether a path holds is for others to judge. Internal to the room.

#include <openssl/base.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <functional>

#include "gateway/tls/ca_path.h"
#include "gateway/tls/signature_book.h"
#include "gateway/tls/trust_entry.h"

namespace sallyport::tls {

struct PathStep {
  X509* certificate = nullptr;
  const crypto::CertificateView* view = nullptr;  // null when only the library can read it
  // The certificate below names another issuer by its authority key identifier.
  bool is_against_hint = false;
};

// PathCandidate is a whole path: leaf first, anchor last. Of one step, the leaf is the anchor.
class PathCandidate {
 public:
  static constexpr std::size_t kMost = ChainVerifier::kMaxDepth + 1;

  bool is_full() const { return size_ == kMost; }
  void push(const PathStep& step) { steps_[size_++] = step; }
  void pop() { --size_; }
  std::size_t size() const { return size_; }
  const PathStep& operator[](std::size_t i) const { return steps_[i]; }
  const PathStep& back() const { return steps_[size_ - 1]; }
  const PathStep* begin() const { return steps_.data(); }
  const PathStep* end() const { return steps_.data() + size_; }

 private:
  std::array<PathStep, kMost> steps_;
  std::size_t size_ = 0;
};

enum class Onward : std::uint8_t { next, stop };
using PathJudge = std::function<Onward(const PathCandidate&)>;

struct SearchEnd {
  bool is_cut = false;        // there were more issuers than a path may have
  bool has_passed = false;    // an issuer was passed over because a hint speaks against it
  bool is_exhausted = false;  // there were more ways than are looked at
};

// search_paths shows `judge` one path after the other until it has enough, leaving out those with a
// signature that `signatures` knows to be bad. With hints ignored only the paths that Hints::heeded
// leaves out are shown.
SearchEnd search_paths(const PresentedChain& chain, const TrustEntry& entry, Hints hints,
                       WallTime now, const SignatureBook& signatures, const PathJudge& judge);

}  // namespace sallyport::tls
