#include "engine/base/look_budget.h"

#include <algorithm>
#include <bit>

namespace vmoffer {
namespace {

// All of these are in rounds of a look.
constexpr int kLongestLook = 150;
// Two sides that sleep need about so long to be woken, one after the other, at worst: what a look would save.
constexpr int kWaking = 150;
// After so long, another thread has had the core.
constexpr int kLostCore = 20;
// The other side gives a core back sooner than that.
constexpr int kTakenCore = 300;
// Waking a thread that sleeps takes two to six times as long.
constexpr int kSavedByLook = 10;
// Of the waits before, each counts so much less than the one after it.
constexpr double kWeight = 0.25;
constexpr int kMostVainLooks = 10;
// A wait that a look would have found counts for so many that are left out, where no program computes.
constexpr uint32_t kShortWait = 8;

}  // namespace

LookBudget::LookBudget(YieldAllowance& allowance, Time::duration round)
    : allowance_(&allowance), round_(std::clamp<Time::duration>(round, kShortestRound, kLongestRound)) {}

LookBudget::Time::duration LookBudget::longest_look() const { return round_ * kLongestLook; }

void LookBudget::begin(Time now, bool looks) {
  is_waiting_ = true;
  is_looking_ = looks;
  has_looked_in_vain_ = false;
  has_lost_core_ = false;
  is_core_to_be_left_ = false;
  gives_way_ = allowance_->is_left(now);
  began_ = last_look_ = now;
}

bool LookBudget::goes_on(Time now) {
  if (!is_looking_) return false;
  watch_core(now);
  if (is_still_worthwhile(now)) return true;
  look_was_in_vain();
  return false;
}

void LookBudget::end(Time now) {
  if (!is_waiting_) return;
  if (is_looking_) {
    const auto away = watch_core(now);
    if (gives_way_ && away > round_ * kTakenCore) allowance_->use(now, away);
    is_still_worthwhile(now) ? look_has_paid(now) : look_was_in_vain();
  } else if (!has_looked_in_vain_) {
    slept(now - began_);
  }
  forget();
}

// Returns how long ago the round before was.
LookBudget::Time::duration LookBudget::watch_core(Time now) {
  const auto away = now - last_look_;
  last_look_ = now;
  has_lost_core_ = has_lost_core_ || away > round_ * kLostCore;
  return away;
}

bool LookBudget::is_still_worthwhile(Time now) const {
  const bool was_taken = has_lost_core_ && !gives_way_;
  return now - began_ < longest_look() && !was_taken;
}

void LookBudget::look_has_paid(Time now) {
  learn(true);
  if (!has_lost_core_) allowance_->earn(now, round_ * kSavedByLook);
  vain_looks_ = 0;
  looks_on_shared_core_ = has_lost_core_ ? looks_on_shared_core_ + 1 : 0;
  is_core_to_be_left_ = std::has_single_bit(looks_on_shared_core_);
}

void LookBudget::slept(std::chrono::nanoseconds waited) {
  const bool was_short = waited <= longest_look() + round_ * kWaking;
  looks_to_leave_out_ -= std::min(looks_to_leave_out_, was_short && gives_way_ ? kShortWait : 1);
  learn(was_short);
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
