#pragma once

// Session takes one exchange through its life: route, inspect, forward or refuse, done. It is the
// same for every codec and runs its steps from the worker's ready list.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/event/loop.h"
#include "gateway/http/stream.h"
#include "gateway/http/violation.h"
#include "gateway/observe/record.h"
#include "gateway/policy/answer_inspection.h"
#include "gateway/policy/exchange.h"
#include "gateway/policy/facts.h"
#include "gateway/policy/inspection.h"
#include "gateway/proxy/forward.h"
#include "gateway/server/error_reply.h"
#include "gateway/server/held_answer.h"
#include "gateway/server/worker_state.h"

namespace sallyport::server {

// SessionOwner is the codec that a session runs on.
class SessionOwner {
 public:
  // on_session_end: the whole answer is in the stream (or it was aborted); the owner destroys the
  // session, now or later.
  virtual void on_session_end() = 0;
  // serves says whether this connection's TLS policy is the one that `host` is served under.
  virtual bool serves(std::string_view host) const = 0;

 protected:
  ~SessionOwner() = default;
};

class Session final : public http::StreamListener,
                      private proxy::ForwardListener,
                      private HeldAnswerListener,
                      private event::Ready {
 public:
  Session(WorkerState& worker, const policy::ConnectionFacts& connection, policy::Facts facts,
          http::Stream& stream, SessionOwner& owner);
  ~Session() override;

  Arena& arena() { return arena_; }
  // begin takes the parsed head; its text lies in arena().
  void begin(http::RequestHead head);
  // refuse_violation answers a message that is not HTTP as we accept it.
  void refuse_violation(http::Violation violation);
  // refuse answers in the gateway's own name, such as at a timeout. It does nothing once an answer
  // has begun but to abort it.
  void refuse(const policy::Reason& reason, std::string_view stage, policy::Evidence evidence = {},
              policy::Hint hint = {});
  // client_gone: nobody will read the answer.
  void client_gone();
  // abandon ends an exchange whose client is too slow to take the answer.
  void abandon(const policy::Reason& reason);

  void on_body(std::string_view piece) override;
  void on_body_end(const http::Fields& trailers) override;
  void on_writable() override;

  bool has_answered() const { return answered_; }

 private:
  enum class Step : std::uint8_t { inspect, gather, judge, forward, answer, release, end };

  void run() override;
  void route_request();
  void on_forward_slips(std::uint8_t slips) override;
  std::string_view slip_names();
  void judge_content();
  void await_content(std::size_t limit);
  void refuse_content(std::string_view what);
  void begin_inspection();
  void on_inspected(policy::Inspection::Ending outcome);
  void begin_forward();
  void withhold(http::Fields& fields) const;
  void on_forward_head(http::ResponseHead& head) override;
  void on_answer_held() override;
  void judge_answer();
  void release_answer();
  void on_forward_end() override;
  void on_forward_failed(const policy::Reason& reason, policy::Evidence evidence,
                         bool head_sent) override;
  void send_refusal(policy::ErrorClass kind, const policy::Hint& hint);
  void end_soon();
  void establish_interaction_id();
  bool establish_client();
  void record();
  void write_line(observe::RequestRecord& record);
  void count(const observe::RequestRecord& record);
  policy::AttachedChain* chain();
  const ErrorProfile& error_profile() const;

  WorkerState& worker_;
  http::Stream& stream_;
  SessionOwner& owner_;
  std::shared_ptr<Attached> attached_;  // the generation that this exchange began with
  std::array<std::byte, Arena::kFirstChunk> first_chunk_;  // not initialised: it is the arena's
  Arena arena_{first_chunk_};
  policy::Facts facts_;
  policy::Exchange exchange_;
  std::optional<policy::Inspection> inspection_;
  std::optional<policy::Permit> permit_;
  HeldAnswer held_;
  std::optional<proxy::Forward> forward_;
  std::optional<policy::AnswerInspection> answer_inspection_;
  std::string gathered_;
  std::size_t gather_limit_ = 0;

  Step step_ = Step::inspect;
  bool answered_ = false;  // an answer's head is in the stream
  bool recorded_ = false;
  bool client_gone_ = false;
  bool gathered_whole_ = false;
  bool must_be_empty_ = false;  // what is gathered
  bool forward_ended_ = false;
  http::Fields gathered_trailers_;
  std::uint8_t slips_ = 0;  // of the answer, see http::Slip
  int status_ = 0;
  std::string_view error_code_;
  const policy::Reason* reason_ = nullptr;
  std::string_view stage_;
  std::string_view evidence_;
  std::int64_t policy_us_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t error_bytes_ = 0;
};

}  // namespace sallyport::server
