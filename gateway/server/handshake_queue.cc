#include "gateway/server/handshake_queue.h"

namespace sallyport::server {
namespace {

// Steps of one round. Between two rounds every socket that is ready gets its turn, and a round
// costs next to nothing when none is.
constexpr int kStepsPerRound = 2;

}  // namespace

bool HandshakeQueue::make_room() {
  if (size() < limits_.waiting) return true;
  if (for_client_.empty()) return false;
  end_oldest();
  return true;
}

std::size_t HandshakeQueue::crowd_out(std::size_t count, Milliseconds silence) {
  std::size_t ended = 0;
  while (ended < count && !for_client_.empty() &&
         for_client_.front()->placed_at_ + silence <= loop_.mono()) {
    end_oldest();
    ++ended;
  }
  return ended;
}

void HandshakeQueue::end_oldest() {
  Turn& oldest = *for_client_.front();
  leave(oldest);
  oldest.on_crowded_out();
}

void HandshakeQueue::wait_for_client(Turn& turn) { move(turn, &for_client_, Turn::Place::client); }

void HandshakeQueue::wait_for_turn(Turn& turn) {
  move(turn, &for_turn_, Turn::Place::turn);
  if (!timer_.is_armed()) timer_.arm(Milliseconds(0));
}

void HandshakeQueue::leave(Turn& turn) { move(turn, &turn.node_, Turn::Place::none); }

std::list<HandshakeQueue::Turn*>& HandshakeQueue::list_of(Turn& turn) {
  switch (turn.place_) {
    case Turn::Place::client:
      return for_client_;
    case Turn::Place::turn:
      return for_turn_;
    case Turn::Place::none:
      break;
  }
  return turn.node_;
}

// A turn's one list element moves from list to list: nothing is allocated, and nothing can fail.
void HandshakeQueue::move(Turn& turn, std::list<Turn*>* to, Turn::Place place) {
  if (turn.place_ == place) return;
  to->splice(to->end(), list_of(turn), turn.self_);
  turn.place_ = place;
  turn.placed_at_ = loop_.mono();
}

void HandshakeQueue::on_timer() {
  for (int i = 0; i < kStepsPerRound && !for_turn_.empty(); ++i) {
    Turn& turn = *for_turn_.front();
    if (!turn.began_ && limits_.begin.rate > 0 && !begun_.take(limits_.begin, loop_.mono())) {
      return timer_.arm(begun_.wait(limits_.begin, loop_.mono()));
    }
    turn.began_ = true;
    leave(turn);
    turn.on_turn();
  }
  if (!for_turn_.empty()) timer_.arm(Milliseconds(0));
}

}  // namespace sallyport::server
