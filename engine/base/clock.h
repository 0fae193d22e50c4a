// Clock: by which the engine measures time. It never goes back, and stands still while the machine is suspended.
#pragma once

#include <chrono>

namespace vmoffer {

using Clock = std::chrono::steady_clock;

}  // namespace vmoffer
