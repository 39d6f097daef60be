#pragma once

// Run keeps the time of a load: which request is due when, and what came of it. Under a constant
// rate a request's latency begins when it was due and not when a connection was free, so that a
// stall counts for all who waited (no coordinated omission). The generator's own lag is from when a
// request was due and a client was free to when it was sent.

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "gateway/event/watch.h"
#include "perf/load/alarm.h"
#include "perf/load/histogram.h"
#include "perf/load/options.h"

namespace sallyport::perf {

class Client;

class Run {
 public:
  Run(event::Loop& loop, const Options& options, std::vector<std::string> requests);

  // begin starts the warm-up; `measured` is called when it is over, `ended` when the time is up.
  void begin(std::function<void()> measured, std::function<void()> ended);
  // next_request returns the text, or token, of the next request.
  const std::string& next_request() { return requests_[request_at_++ % requests_.size()]; }

  // ask is called by a client that could send a request; it is told with Client::send when one is
  // due, which may be at once.
  void ask(Client& client);
  void done(MonoTime due, int status);
  // took counts octets of bodies as they come: a large one may last longer than the run.
  void took(std::size_t body_bytes) { body_bytes_ += is_measuring_ && !is_over_ ? body_bytes : 0; }
  void failed() { ++errors_; }
  void forget(Client& client);

  bool is_measuring() const { return is_measuring_; }
  std::string json(double elapsed) const;

 private:
  struct Waiting {
    Client* client;
    MonoTime since;
  };

  void tick();
  void send_due();
  void end();
  MonoTime interval_due(std::uint64_t number) const;

  event::Loop& loop_;
  const Options& options_;
  const std::vector<std::string> requests_;
  std::size_t request_at_ = 0;
  std::deque<Waiting> waiting_;  // with a constant rate only
  std::uint64_t scheduled_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
  MonoTime began_{};
  event::Every ticks_;
  Alarm next_due_;
  std::function<void()> measured_;
  std::function<void()> ended_;
  bool is_measuring_ = false;
  bool is_over_ = false;
  Histogram latency_;
  Histogram lag_;
  std::uint64_t requests_done_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t not_ok_ = 0;
};

// Client is one connection.
class Client {
 public:
  virtual ~Client() = default;
  // send sends one request that was due at `due`.
  virtual void send(MonoTime due) = 0;
};

}  // namespace sallyport::perf
