// held_survey: asks which claims are held by the processes that can be seen from here. Loop thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/sys/event_loop.h"
#include "engine/transfer/asking/survey_places.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// What one broker has answered. A process with two copies of the library has two brokers.
struct HeldReport {
  enum class Outcome : uint8_t {
    kNone,  // it was silent, broke off or sent nonsense
    kRefused,
    kTold,
  };
  int pid = 0;
  Outcome outcome = Outcome::kNone;
  std::vector<wire::HeldLine> claims;  // kTold
};

using HeldSurveyDone = std::function<void(Result<std::vector<HeldReport>>)>;
void ask_what_is_held(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, HeldSurveyDone done);

}  // namespace vmoffer
