#pragma once

// DecisionRing keeps the last decisions of one worker in fixed memory, for `sallyport why`. Only
// the worker touches it; control asks by posting.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/ids.h"
#include "gateway/json/value.h"
#include "gateway/observe/record.h"

namespace sallyport::observe {

class DecisionRing {
 public:
  static constexpr std::size_t kDecisions = 2048;

  DecisionRing() : decisions_(std::make_unique<std::array<Decision, kDecisions>>()) {}

  void add(const RequestRecord& record);
  // Found is the newest decision of that request or interaction id and the request ids of
  // the others: clients may use one interaction id several times. Older ones than kMaxOthers are
  // counted only.
  struct Found {
    json::Draft decision;
    std::int64_t at = 0;  // Unix milliseconds
    std::string request_id;
    std::vector<std::string> others;  // newest first
    std::size_t count = 0;            // of all
  };
  static constexpr std::size_t kMaxOthers = 16;
  std::optional<Found> find(std::string_view id) const;

 private:
  // Text holds copies of what lived in the exchange's arena; what does not fit is cut.
  struct Piece {
    std::uint16_t at = 0;
    std::uint16_t size = 0;
  };
  struct KeptStep {
    const policy::Module* module = nullptr;  // static
    const policy::Reason* reason = nullptr;  // static
    std::uint32_t microseconds = 0;
    policy::CheckMarks marks;
    Piece evidence;
    policy::Outcome outcome = policy::Outcome::allowed;
  };
  struct Decision {
    Uuid id;
    int status = 0;
    WallTime at;
    const policy::Reason* reason = nullptr;
    std::int64_t total_us = 0;
    net::Address client;
    std::uint8_t step_count = 0;
    std::uint16_t used = 0;
    Piece interaction_id, route, method, host, path, stage, evidence, upstream;
    std::array<KeptStep, policy::Trail::kMaxSteps> steps;
    std::array<char, 1024> text;

    Piece keep(std::string_view piece);
    std::string_view get(Piece piece) const { return {text.data() + piece.at, piece.size}; }
  };

  static void bring_closer(const Decision& next, const Decision& last);
  static json::Draft render(const Decision& decision);
  static json::Draft render_step(const Decision& decision, const KeptStep& step);

  std::unique_ptr<std::array<Decision, kDecisions>> decisions_;
  std::uint64_t next_ = 0;
};

}  // namespace sallyport::observe
