#include "engine/base/yield_allowance.h"

#include <algorithm>

namespace vmoffer {
namespace {

constexpr int kEarnedIn = 100;  // times its length
constexpr std::chrono::milliseconds kMostSaved{4};

}  // namespace

void YieldAllowance::use(Time now, Time::duration waited) { move_end(now, waited); }

void YieldAllowance::earn(Time now, Time::duration saved) { move_end(now, -saved); }

void YieldAllowance::move_end(Time now, Time::duration by) {
  const Time fullest = now - kMostSaved * kEarnedIn;
  const Time used_until = std::max(used_until_.load(std::memory_order_relaxed), fullest);
  used_until_.store(std::max(used_until + by * kEarnedIn, fullest), std::memory_order_relaxed);
}

}  // namespace vmoffer
