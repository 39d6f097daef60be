#pragma once

// RevocationOrders obeys what operators order through the admin socket: revoke, reinstate, revoked.

#include <memory>
#include <utility>
#include <vector>

#include "gateway/event/control_door.h"
#include "modules/revocation/order_advice.h"
#include "modules/revocation/redis_follower.h"
#include "modules/revocation/revocation_keeper.h"

namespace sallyport::revocation {

// Defaults of orders and limits, from the configuration.
struct Terms {
  Seconds keep{24 * 3600};
  Seconds keep_consent{400 * 24 * 3600};
  std::size_t max_entries = 1'000'000;
};

class RevocationOrders final : public policy::Service {
 public:
  // `follower` is null where there is no Redis.
  RevocationOrders(std::shared_ptr<RevocationKeeper> keeper, Terms terms,
                   std::shared_ptr<RedisFollower> follower = nullptr,
                   std::vector<policy::IssuerTerms> issuers = {})
      : keeper_(std::move(keeper)),
        terms_(terms),
        follower_(std::move(follower)),
        advice_(std::move(issuers)) {}

  ~RevocationOrders() override { door_->close(); }

  // The keeper is started by itself.
  void start(event::Loop& control, event::Broadcast&) override { door_->open(control, *this); }

  // door lets workers give orders.
  using Door = event::ControlDoor<RevocationOrders>;
  std::shared_ptr<Door> door() const { return door_; }

  // Answers: 200 with the record or page when it holds everywhere; 400 for an order that is not
  // understood; 404 when there is nothing to reinstate; 503 when the store failed, and then nothing
  // was changed; 507 at the limit of entries. Errors are {"error": "…"}. With a Redis, the answer
  // to revoke says whether it is there, too ("redis": "written"), or on this gateway's disk only
  // for now
  // ("pending"); reinstate changes nothing while the Redis cannot be reached.
  // A subject or client that is revoked without a cut-off is so until now, and the leeway of the
  // issuers concerned: "cutoff" of the record and "leeway_s" say it. 409 when "now" is not known:
  // the wall clock has just jumped, and the order must name its cut-off. "notes" says of an order
  // that was obeyed why it may refuse nothing. Every change that is durable is told to the log,
  // with who and why.
  std::vector<policy::Notice> notices() override { return std::exchange(*notices_, {}); }
  bool command(std::string_view verb, std::string_view json,
               const std::function<void(int status, std::string json)>& answer) override;

 private:
  using Answer = std::function<void(int, std::string)>;
  void revoke(std::string_view json, const Answer& answer);
  void reinstate(std::string_view json, const Answer& answer);
  void list(std::string_view json, const Answer& answer);
  using Notices = std::vector<policy::Notice>;
  static void take_back(RevocationKeeper& keeper, const Record& record, Notices& notices,
                        const Answer& answer);
  std::int64_t default_end(Unit unit, std::int64_t now) const;
  std::string why_no_cutoff() const;
  std::int64_t set_back() const;

  static void note(std::string_view event, const Record& record, Notices& notices);

  const std::shared_ptr<RevocationKeeper> keeper_;
  const Terms terms_;
  const std::shared_ptr<RedisFollower> follower_;
  const OrderAdvice advice_;
  const std::shared_ptr<Door> door_ = std::make_shared<Door>();
  // An answer of the Redis may come when these orders are no more.
  const std::shared_ptr<Notices> notices_ = std::make_shared<Notices>();
};

}  // namespace sallyport::revocation
