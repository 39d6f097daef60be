#pragma once

// HandshakeQueue keeps TLS handshakes from taking a worker away from the requests of those who are
// in: a signature costs as much as many requests. Handshakes that can go on take turns, a few for
// every round of the loop, and no more of them begin in a second than the limits allow.

#include <cstddef>
#include <cstdint>
#include <list>

#include "gateway/event/loop.h"
#include "gateway/event/watch.h"
#include "gateway/server/token_bucket.h"

namespace sallyport::server {

class HandshakeQueue final : private event::TimerHandler {
 public:
  // Turn is a handshake's place in the queue.
  class Turn {
   public:
    Turn() : node_{this}, self_(node_.begin()) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    virtual ~Turn() = default;

    // on_turn takes one step.
    virtual void on_turn() = 0;
    // on_crowded_out: others need the place; the handshake ends.
    virtual void on_crowded_out() = 0;

   private:
    friend class HandshakeQueue;
    enum class Place : std::uint8_t { none, client, turn };
    std::list<Turn*> node_;  // its own element while it is in no list
    std::list<Turn*>::iterator self_;
    Place place_ = Place::none;
    MonoTime placed_at_{};
    bool began_ = false;
  };

  // Limits of one worker.
  struct Limits {
    std::size_t waiting = 1024;  // handshakes under way
    TokenBucket::Rule begin;     // how many begin in a second; a rate of zero: no limit
  };

  explicit HandshakeQueue(event::Loop& loop) : loop_(loop), timer_(loop, *this) {}

  void set_limits(const Limits& limits) { limits_ = limits; }
  // make_room returns whether one more may be under way. When there are too many, the one that its
  // client has kept waiting for longest is crowded out; none: all wait for us.
  bool make_room();
  void wait_for_client(Turn& turn);
  void wait_for_turn(Turn& turn);
  // crowd_out ends up to `count` handshakes whose clients have been silent for `silence`.
  std::size_t crowd_out(std::size_t count, Milliseconds silence);
  // leave must be called before a turn is destroyed.
  void leave(Turn& turn);

  std::size_t size() const { return for_client_.size() + for_turn_.size(); }

 private:
  void on_timer() override;
  void end_oldest();
  void move(Turn& turn, std::list<Turn*>* to, Turn::Place place);
  std::list<Turn*>& list_of(Turn& turn);

  event::Loop& loop_;
  event::Timer timer_;
  Limits limits_;
  TokenBucket begun_;
  std::list<Turn*> for_client_;  // the one that has waited longest in front
  std::list<Turn*> for_turn_;
};

}  // namespace sallyport::server
