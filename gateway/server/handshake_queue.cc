#include "gateway/server/handshake_queue.h"

namespace sallyport::server {
namespace {

// What one round may do: a step, or find that some clients have gone. Between two rounds every
// socket that is ready gets its turn, and a round costs next to nothing when none is.
constexpr int kGonePerRound = 4;

}  // namespace

std::size_t HandshakeQueue::size() const {
  std::size_t sum = 0;
  for (const Turns& turns : lists_) sum += turns.size();
  return sum;
}

bool HandshakeQueue::make_room() {
  if (size() < limits_.waiting) return true;
  const bool mostly_silent = waiting(Stage::silent) >= waiting(Stage::halfway);
  return crowd_out(mostly_silent ? Stage::silent : Stage::halfway, 1) == 1;
}

std::size_t HandshakeQueue::crowd_out(Stage stage, std::size_t count, Milliseconds silence) {
  Turns& turns = lists_[static_cast<std::size_t>(stage)];
  std::size_t ended = 0;
  while (ended < count && !turns.empty() && turns.front()->placed_at_ + silence <= loop_.mono()) {
    Turn& oldest = *turns.front();
    leave(oldest);
    oldest.on_crowded_out();
    ++ended;
  }
  return ended;
}

void HandshakeQueue::wait_for_turn(Turn& turn) {
  move(turn, Turn::Place::turn);
  if (!timer_.is_armed()) timer_.arm(Milliseconds(0));
}

HandshakeQueue::Turns& HandshakeQueue::list_of(Turn& turn, Turn::Place place) {
  return place == Turn::Place::none ? turn.node_ : list(place);
}

// A turn's one list element moves from list to list: nothing is allocated, and nothing can fail.
void HandshakeQueue::move(Turn& turn, Turn::Place place) {
  if (turn.place_ == place) return;
  Turns& to = list_of(turn, place);
  to.splice(to.end(), list_of(turn, turn.place_), turn.self_);
  turn.place_ = place;
  turn.placed_at_ = loop_.mono();
}

void HandshakeQueue::on_timer() {
  Turns& turns = list(Turn::Place::turn);
  for (int i = 0; i < kGonePerRound && !turns.empty(); ++i) {
    Turn& turn = *turns.front();
    if (!turn.began_ && !turn.has_begun()) continue;
    if (!turn.began_ && limits_.begin && !begun_.take(limits_.begin, loop_.mono())) {
      return timer_.arm(begun_.wait(limits_.begin, loop_.mono()));
    }
    turn.began_ = true;
    leave(turn);
    turn.on_turn();
    break;
  }
  if (!turns.empty()) timer_.arm(Milliseconds(0));
}

}  // namespace sallyport::server
