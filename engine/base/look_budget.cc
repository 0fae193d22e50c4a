#include "engine/base/look_budget.h"

#include <algorithm>

namespace vmoffer {
namespace {

// Two sides that sleep need about so long to be woken, one after the other, at worst: what a look would save.
constexpr std::chrono::microseconds kWaking{150};
// Of the waits before, each counts so much less than the one after it.
constexpr double kWeight = 0.25;
constexpr int kMostVainLooks = 10;
// A look takes a microsecond. Somebody else had the core.
constexpr std::chrono::microseconds kLostCore{50};

}  // namespace

void LookBudget::begin(Time now, bool looks) {
  is_waiting_ = true;
  is_looking_ = looks;
  has_looked_in_vain_ = false;
  began_ = last_look_ = now;
}

bool LookBudget::goes_on(Time now) {
  if (!is_looking_) return false;
  const bool has_lost_core = now - last_look_ > kLostCore;
  last_look_ = now;
  if (!has_lost_core && now - began_ < kLongestLook) return true;
  look_was_in_vain();
  return false;
}

void LookBudget::end(Time now) {
  if (!is_waiting_) return;
  if (is_looking_ && now - last_look_ > kLostCore) look_was_in_vain();
  if (is_looking_) {
    learn(true);
    vain_looks_ = 0;
  } else if (!has_looked_in_vain_) {
    slept(now - began_);
  }
  forget();
}

void LookBudget::slept(std::chrono::nanoseconds waited) {
  if (looks_to_leave_out_ > 0) --looks_to_leave_out_;
  learn(waited <= kLongestLook + kWaking);
}

void LookBudget::look_was_in_vain() {
  learn(false);
  is_looking_ = false;
  has_looked_in_vain_ = true;
  vain_looks_ = std::min(vain_looks_ + 1, kMostVainLooks);
  looks_to_leave_out_ = (1U << static_cast<unsigned>(vain_looks_)) - 1;
}

void LookBudget::learn(bool was_short) { short_share_ += ((was_short ? 1.0 : 0.0) - short_share_) * kWeight; }

}  // namespace vmoffer
