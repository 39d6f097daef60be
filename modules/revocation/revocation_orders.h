#pragma once

// RevocationOrders obeys what operators order through the admin socket: revoke, reinstate, revoked.

#include <memory>

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
  RevocationOrders(std::shared_ptr<RevocationKeeper> keeper, Terms terms)
      : keeper_(std::move(keeper)), terms_(terms) {}

  void start(event::Loop&, event::Broadcast&) override {}  // the keeper is started by itself

  // Answers: 200 with the record or page when it holds everywhere; 400 for an order that is not
  // understood; 404 when there is nothing to reinstate; 503 when the store failed, and then nothing
  // was changed; 507 at the limit of entries. Errors are {"error": "…"}.
  bool command(std::string_view verb, std::string_view json,
               const std::function<void(int status, std::string json)>& answer) override;

 private:
  using Answer = std::function<void(int, std::string)>;
  void revoke(std::string_view json, const Answer& answer);
  void reinstate(std::string_view json, const Answer& answer);
  void list(std::string_view json, const Answer& answer);
  std::int64_t default_end(Unit unit, std::int64_t now) const;

  const std::shared_ptr<RevocationKeeper> keeper_;
  const Terms terms_;
};

}  // namespace sallyport::revocation
