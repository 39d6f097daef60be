#pragma once

// WorkerState is everything that one worker owns. Nothing in it is touched by another thread but
// the metric bank, which others read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/base/block_store.h"
#include "gateway/crypto/random.h"
#include "gateway/event/watch.h"
#include "gateway/event/worker.h"
#include "gateway/http/http_date.h"
#include "gateway/metrics/metrics.h"
#include "gateway/observe/decision_ring.h"
#include "gateway/observe/log_queue.h"
#include "gateway/policy/chain.h"
#include "gateway/proxy/upstream_pool.h"
#include "gateway/server/client_context.h"
#include "gateway/server/connection_refusal.h"
#include "gateway/server/generation.h"
#include "gateway/server/handshake_queue.h"
#include "gateway/server/process_load.h"
#include "gateway/server/seen_certificates.h"
#include "gateway/server/surplus_alarm.h"

namespace sallyport::server {

// ShedReason says for what idle connections had to end.
enum class ShedReason : std::uint8_t { connections, descriptors, memory };
inline constexpr std::size_t kShedReasons = static_cast<std::size_t>(ShedReason::memory) + 1;
std::string_view to_string(ShedReason reason);

// GatewaySlots are the metrics that exist once.
struct GatewaySlots {
  metrics::Slot accepted = 0;
  metrics::Slot open = 0;
  metrics::Slot descriptors_exhausted = 0;
  metrics::Slot handshakes = 0;
  metrics::Slot resumed = 0;
  metrics::Slot distrusted = 0;
  metrics::Slot overhead = 0;    // connections
  metrics::Slot cut_bodies = 0;  // HTTP/2 streams
  metrics::Histogram handshake_duration;
  std::array<metrics::Slot, kShedReasons> shed{};  // by ShedReason

  static GatewaySlots make(metrics::Registry& registry);
};

class WorkerState;

// Attached is a generation on one worker: chains with their policies, pools, nothing shared.
struct Attached {
  Attached(std::shared_ptr<const Generation> from, WorkerState& worker);

  std::shared_ptr<const Generation> generation;
  policy::AttachContext context;
  std::vector<policy::AttachedChain> chains;  // by route index
  SurplusAlarm surplus;
  std::vector<std::unique_ptr<proxy::UpstreamPool>> pools;
};

// ClientConnection is what a worker can ask of any client connection.
class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  // begin_drain: no more requests are wanted; those that come are served all the same.
  virtual void begin_drain() {}
  // end_if_idle: nothing is under way and nothing was sent: the connection ends.
  virtual void end_if_idle() = 0;
  // trust_changed: the listener's TLS context may be another one now (WorkerState::tls_of), or the
  // time of what vouched for the client may be over. A client that nothing vouches for gets no more
  // than the answers that are under way. Before the end of a handshake there is nothing to judge.
  virtual void trust_changed() {}
  // end_now: the time that a client without trust was given is over.
  virtual void end_now() {}
  // has_served says whether it ever carried a request to its end: who came for one is worth more
  // than who came.
  virtual bool has_served() const { return false; }
  // may_make_room says whether shed may end the connection without a wait: nothing is under way, or
  // it has not served, and its client has not completed its first head or trickles its first body.
  virtual bool may_make_room(MonoTime) const { return false; }
  virtual void shed() { end_if_idle(); }
};

class WorkerState {
 public:
  static constexpr std::size_t kScratch = 64 * 1024;
  // The memory of so many exchanges is kept for others while they come, of some 11 KiB each.
  static constexpr std::size_t kKeptSessions = 64;

  // `process` outlives it.
  WorkerState(event::Worker& worker, metrics::Registry& registry, ProcessLoad& process);

  // adopt makes `generation` the one that new exchanges use. Worker thread.
  void adopt(std::shared_ptr<const Generation> generation);
  const std::shared_ptr<Attached>& attached() const { return attached_; }
  const Generation& generation() const { return *attached_->generation; }

  // keep owns a connection until drop, which destroys it from the ready list.
  void keep(std::unique_ptr<ClientConnection> connection);
  void drop(ClientConnection& connection);
  std::size_t connections() const { return connections_.size(); }
  // count_first_request: a connection has carried its first request to its end (has_served).
  void count_first_request() { ++served_; }
  // shed_idle makes room and returns how many connections end. Those that have not served go first:
  // clients that are silent, handshakes that wait for their client, and connections that have not
  // completed a first request (see may_make_room). Of these three the kind that holds most places,
  // since that is what a flood is made of, and of that those who have had the longest time to go
  // on. Only when there is none of them, idle connections that have served; the newest, since those
  // who have been here for long are the least likely to be a part of it. For memory the newest go
  // in either case.
  std::size_t shed_idle(ShedReason reason);

  // begin_drain makes every connection end with its next answer; end_idle ends those that wait for
  // a request.
  void begin_drain();
  void end_idle();
  bool is_draining() const { return draining_; }
  // close_all ends every connection now.
  void close_all() {
    distrusted_.clear();
    connections_.clear();
    served_ = 0;
  }

  // set_tls and tls_of: the TLS context that a listener (by its name) makes handshakes with.
  void set_tls(const std::string& listener, std::shared_ptr<tls::ServerContext> context) {
    tls_[listener] = std::move(context);
  }
  std::shared_ptr<tls::ServerContext> tls_of(const std::string& listener) const;
  // sweep_trust tells every connection, a few at a time, that trust may have changed.
  void sweep_trust() { sweep_.begin(); }
  // follow_trust judges a client again, if its trust changed or ended; a refusal says that it is
  // not trusted any more. While it is, the worker remembers when that ends.
  std::optional<tls::CertificateRefusal> follow_trust(ClientContext& client);
  // distrust gives a connection until timeouts.distrusted to end, and notes why.
  void distrust(ClientConnection& connection, const ClientContext& client,
                const tls::CertificateRefusal& why);

  // count_trust counts a handshake that succeeded: with a client certificate for the trust entry
  // that vouched for it and for the register of certificates, or without one that was asked for.
  void count_trust(const ClientContext& client);
  // count_client_certificate counts what came of asking a client for its certificate: "trusted",
  // "none", or why it was refused.
  void count_client_certificate(std::string_view listener, std::string_view result);
  SeenCertificates& seen() { return seen_; }

  // count_denial and count_handshake_failure register their series when first seen: reasons are
  // static, so their number is bounded by the code.
  void count_denial(std::string_view route, std::string_view stage, std::string_view reason,
                    bool enforced);
  void count_handshake_failure(std::string_view listener, std::string_view reason);
  void count_h2_problem(std::string_view kind);
  // count_refused_connection counts one that ended before its handshake; see connection_refusal.h.
  void count_refused_connection(std::string_view listener, std::string_view reason);

  event::Loop& loop() { return loop_; }
  unsigned index() const { return index_; }
  metrics::Registry& registry() { return registry_; }
  metrics::Bank& bank() { return bank_; }
  const metrics::Bank& bank() const { return bank_; }
  observe::LogQueue& log() { return log_; }
  observe::DecisionRing& ring() { return ring_; }
  LineBudget& refusal_lines() { return refusal_lines_; }
  ProcessLoad& process() { return process_; }
  HandshakeQueue& handshakes() { return handshakes_; }
  const GatewaySlots& slots() const { return slots_; }
  // client_scratch and upstream_scratch are read buffers; their content is consumed before the
  // callback that read it returns.
  std::span<char> client_scratch() { return {client_scratch_->data(), kScratch}; }
  std::span<char> upstream_scratch() { return {upstream_scratch_->data(), kScratch}; }
  // sessions is where the memory of exchanges comes from.
  BlockStore& sessions() { return sessions_; }
  Uuid next_id() { return ids_.next(); }
  // http_date is the Date of now, valid until the clock moves on.
  std::string_view http_date() { return date_.at(loop_.wall()); }

 private:
  class Graveyard final : public event::Ready {
   public:
    void run() override { dead.clear(); }
    std::vector<std::unique_ptr<ClientConnection>> dead;
  };

  // TrustSweep visits all connections from the ready list, so that many do not delay the rest.
  class TrustSweep final : public event::Ready {
   public:
    explicit TrustSweep(WorkerState& worker) : worker_(worker) {}
    void begin();
    void run() override;

   private:
    WorkerState& worker_;
    std::vector<ClientConnection*> left_;
  };

  void watch_trust();
  void end_distrusted();
  void note_trust_end(const ClientContext& client);
  // Kept is a connection with its place in the order of arrival.
  struct Kept {
    std::unique_ptr<ClientConnection> connection;
    std::uint64_t number = 0;
  };
  using Numbered = std::pair<std::uint64_t, ClientConnection*>;
  std::vector<Numbered> that_may_make_room(bool served) const;
  std::size_t shed_newcomers(std::size_t few, bool newest_first);
  std::size_t shed_connections(bool served, std::size_t few, bool newest_first);
  void count_by_reason(std::string_view metric, std::string_view help, std::string_view listener,
                       std::string_view reason);

  event::Loop& loop_;
  const unsigned index_;
  metrics::Registry& registry_;
  ProcessLoad& process_;
  const GatewaySlots slots_;
  metrics::Bank bank_;
  observe::LogQueue log_;
  observe::DecisionRing ring_;
  LineBudget refusal_lines_;
  HandshakeQueue handshakes_;
  crypto::UuidMint ids_;
  http::HttpDate date_;
  std::unique_ptr<std::array<char, kScratch>> client_scratch_;
  std::unique_ptr<std::array<char, kScratch>> upstream_scratch_;
  std::shared_ptr<Attached> attached_;
  BlockStore sessions_{kKeptSessions};
  std::unordered_map<ClientConnection*, Kept> connections_;
  std::uint64_t arrivals_ = 0;
  std::size_t served_ = 0;                   // of connections_, those that have carried a request
  std::array<MonoTime, 2> found_none_at_{};  // when a search for connections to shed found none
  Graveyard graveyard_;
  std::vector<ClientConnection*> all_connections() const;

  std::unordered_map<std::string, metrics::Slot> denials_;
  std::unordered_map<std::string, std::shared_ptr<tls::ServerContext>> tls_;  // by listener
  TrustSweep sweep_{*this};
  // The earliest end of what vouches for an open connection's client (a certificate, an entry's
  // retirement, a revocation list's nextUpdate): then all are swept. Unix seconds.
  std::int64_t trust_ends_ = std::numeric_limits<std::int64_t>::max();
  std::map<ClientConnection*, MonoTime> distrusted_;  // until when
  SeenCertificates seen_;
  event::Every tidy_up_;
  event::Every watch_trust_;
  bool draining_ = false;
};

}  // namespace sallyport::server
