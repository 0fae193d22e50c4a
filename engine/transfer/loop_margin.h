// Whoever waits for the broker's thread waits this much longer than that has to answer: were it held up, for whatever
// reason, nobody else may be.
#pragma once

#include <chrono>

#include "engine/base/status.h"

namespace vmoffer {

inline constexpr std::chrono::milliseconds kLoopMargin{500};

// For whoever has waited so long in vain.
inline Status loop_does_not_run() {
  return Status(
      Code::kTimeout,
      "this process's own thread vmo-broker did not answer in time: it is stopped, or the machine is swamped. "
      "Nothing is lost: try again");
}

}  // namespace vmoffer
