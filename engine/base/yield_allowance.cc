#include "engine/base/yield_allowance.h"

#include <algorithm>

namespace vmoffer {
namespace {

constexpr int kEarnedIn = 100;  // times its length
constexpr std::chrono::milliseconds kMostSaved{4};

}  // namespace

void YieldAllowance::use(Time now, Time::duration waited) {
  const Time used_until = std::max(used_until_.load(std::memory_order_relaxed), now - kMostSaved * kEarnedIn);
  used_until_.store(used_until + waited * kEarnedIn, std::memory_order_relaxed);
}

}  // namespace vmoffer
