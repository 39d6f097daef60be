#pragma once

// Introspector asks one issuer about opaque tokens, on one worker's loop. Of several requests with
// one token, one asks and all hear the answer.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/clients/fetch.h"
#include "gateway/crypto/siphash.h"
#include "gateway/event/task.h"
#include "modules/bearer/settings.h"

namespace sallyport::bearer {

// IntrospectionPlan is what control has prepared: immutable, shared by all workers.
struct IntrospectionPlan {
  IntrospectionSettings settings;
  clients::Url url;
  std::shared_ptr<const tls::ClientConfig> tls;  // null for plain http
};

class Introspector {
 public:
  static constexpr std::size_t kMaxFlights = 256;   // questions under way
  static constexpr std::size_t kMaxWaiters = 1024;  // requests that wait for one of them

  Introspector(event::Loop& loop, std::shared_ptr<const IntrospectionPlan> plan);

  // is_full says that no question may be added; ask must not be called then.
  bool is_full(std::string_view token) const;
  // ask completes with the body of an answer of status 200, or says why there is none. `asked` is
  // set when this call has sent the question.
  event::Task<std::shared_ptr<const std::string>> ask(std::string_view token, bool& asked);

 private:
  using Answer = std::shared_ptr<const std::string>;
  struct Flight {
    event::Task<clients::FetchResponse> fetching;
    std::vector<event::Promise<Answer>> waiters;
  };

  void land(const crypto::Hash128& key, Result<clients::FetchResponse> response);

  event::Loop& loop_;
  const std::shared_ptr<const IntrospectionPlan> plan_;
  clients::Fetcher fetcher_;
  const crypto::SipKey hash_ = crypto::SipKey::random();
  std::unordered_map<crypto::Hash128, std::unique_ptr<Flight>, crypto::Hash128Bucket> flights_;
};

}  // namespace sallyport::bearer
