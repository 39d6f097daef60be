#pragma once

// HandshakeQueue keeps TLS handshakes from taking a worker away from the requests of those who are
// in: a signature costs as much as many requests. Handshakes that can go on take turns, one for
// every round of the loop, and no more of them begin in a second than the limits allow.

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>

#include "gateway/base/token_bucket.h"
#include "gateway/event/loop.h"
#include "gateway/event/watch.h"

namespace sallyport::server {

class HandshakeQueue final : private event::TimerHandler {
 public:
  // Stage is where a handshake stands while it is its client's turn.
  enum class Stage : std::uint8_t {
    silent,   // not an octet has come: nothing was spent on it, and nobody knows who it is
    halfway,  // its client has begun
  };

  // Turn is a handshake's place in the queue.
  class Turn {
   public:
    Turn() : node_{this}, self_(node_.begin()) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    virtual ~Turn() = default;

    // has_begun says, before the first step, whether there is anything to begin with; false: the
    // client has gone, and so has the handshake.
    virtual bool has_begun() = 0;
    // on_turn takes one step.
    virtual void on_turn() = 0;
    // on_crowded_out: others need the place; the handshake ends.
    virtual void on_crowded_out() = 0;

   private:
    friend class HandshakeQueue;
    enum class Place : std::uint8_t { silent, halfway, turn, none };
    std::list<Turn*> node_;  // its own element while it is in no list
    std::list<Turn*>::iterator self_;
    Place place_ = Place::none;
    MonoTime placed_at_{};
    bool began_ = false;
  };

  // Limits of one worker.
  struct Limits {
    std::size_t waiting = 0;  // handshakes under way
    TokenRate begin;          // how many begin in a second
  };

  explicit HandshakeQueue(event::Loop& loop) : loop_(loop), timer_(loop, *this) {}

  void set_limits(const Limits& limits) { limits_ = limits; }
  // make_room returns whether one more may be under way. When there are too many, one is crowded
  // out: of the stage that holds most, since that is what a flood is made of, the one that its
  // client has kept waiting for longest. None: all wait for us.
  bool make_room();
  void wait_for_first(Turn& turn) { move(turn, Turn::Place::silent); }
  void wait_for_client(Turn& turn) { move(turn, Turn::Place::halfway); }
  void wait_for_turn(Turn& turn);
  // crowd_out ends up to `count` handshakes of a stage whose clients have kept us waiting for
  // `silence`, the longest first.
  std::size_t crowd_out(Stage stage, std::size_t count, Milliseconds silence = {});
  // leave must be called before a turn is destroyed.
  void leave(Turn& turn) { move(turn, Turn::Place::none); }

  std::size_t waiting(Stage stage) const { return list(stage).size(); }
  std::size_t size() const;

 private:
  using Turns = std::list<Turn*>;  // who has waited longest in front

  void on_timer() override;
  void move(Turn& turn, Turn::Place place);
  Turns& list_of(Turn& turn, Turn::Place place);
  Turns& list(Turn::Place place) { return lists_[static_cast<std::size_t>(place)]; }
  const Turns& list(Stage stage) const { return lists_[static_cast<std::size_t>(stage)]; }

  event::Loop& loop_;
  event::Timer timer_;
  Limits limits_;
  TokenBucket begun_;
  std::array<Turns, 3> lists_;  // by Place, the first two by Stage as well
};

}  // namespace sallyport::server
