#include "gateway/proxy/balancer.h"

namespace sallyport::proxy {
namespace {

// Ratio compares in_flight / weight without dividing.
struct Ratio {
  std::int64_t in_flight = 0;
  std::int64_t weight = 0;

  bool is_less(const Ratio& other) const {
    return in_flight * other.weight < other.in_flight * weight;
  }
};

class Choice {
 public:
  Choice(std::span<Share* const> shares, Milliseconds slow_start, MonoTime now, const Server* avoid)
      : shares_(shares), slow_start_(slow_start), now_(now), avoid_(avoid) {}

  std::optional<std::size_t> make() {
    const auto least = least_loaded();
    if (!least) return std::nullopt;
    std::optional<std::size_t> chosen;
    std::int64_t given = 0;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      if (!is_fit(i)) continue;
      const Ratio ratio = ratio_of(i);
      if (least->is_less(ratio)) continue;
      shares_[i]->credit += ratio.weight;
      given += ratio.weight;
      if (!chosen || shares_[i]->credit > shares_[*chosen]->credit) chosen = i;
    }
    shares_[*chosen]->credit -= given;
    return chosen;
  }

 private:
  bool is_fit(std::size_t i) const {
    const Server& server = *shares_[i]->server;
    return &server != avoid_ && server.condition.is_up(now_);
  }
  Ratio ratio_of(std::size_t i) const {
    return {static_cast<std::int64_t>(shares_[i]->in_flight),
            weight_now(*shares_[i]->server, slow_start_, now_)};
  }
  std::optional<Ratio> least_loaded() const {
    std::optional<Ratio> least;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      if (!is_fit(i)) continue;
      const Ratio ratio = ratio_of(i);
      if (!least || ratio.is_less(*least)) least = ratio;
    }
    return least;
  }

  const std::span<Share* const> shares_;
  const Milliseconds slow_start_;
  const MonoTime now_;
  const Server* const avoid_;
};

}  // namespace

std::optional<std::size_t> pick(std::span<Share* const> shares, Milliseconds slow_start,
                                MonoTime now, const Server* avoid) {
  const auto chosen = Choice(shares, slow_start, now, avoid).make();
  if (chosen || avoid == nullptr) return chosen;
  return Choice(shares, slow_start, now, nullptr).make();
}

}  // namespace sallyport::proxy
