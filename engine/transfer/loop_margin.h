// How much longer a thread waits for the broker's thread than that may take to answer. If the broker is held up, for
// whatever reason, other threads must not be held up with it.
#pragma once

#include <chrono>

#include "engine/base/status.h"

namespace vmoffer {

inline constexpr std::chrono::milliseconds kLoopMargin{500};

// The error of a thread that has waited that long in vain.
inline Status loop_does_not_run() {
  return Status(
      Code::kTimeout,
      "this process's own thread vmo-broker did not answer in time: it is stopped, or the machine is swamped. "
      "Nothing is lost: try again");
}

}  // namespace vmoffer
