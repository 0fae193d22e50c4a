// LookBudget: whether a thread that waits for another process looks for a while before it sleeps, and for how long.
// Pure; one thread at a time.
//
// A look finds an answer some tens of microseconds before a sleeping thread would have woken, and takes a core
// meanwhile. So it is judged by how the last waits went. A wait without a look counts, too: what came so soon after the
// thread had gone to sleep would have been found. So two sides that sleep find their way back to looking, and a side
// that waits for a millisecond each time never looks. After a look in vain the next 1, 3, 7 … 1023 are left out, where
// a wait that was short counts for eight.
//
// The kernel likes to wake a thread on the core of the one that wakes it. If that one looks instead of going to sleep,
// it keeps from running whom it waits for. So it gives way between two rounds of a look. If it has lost its core
// thereby, and yet finds in time what it waits for, the other side runs on the same core, which is to be left. If what
// it waits for was there much earlier, a program that computes has had the core. An allowance says how much of that a
// process bears (YieldAllowance). While it is used up, the thread keeps its core, and a look that loses it all the same
// is in vain.
#pragma once

#include <chrono>
#include <cstdint>

#include "engine/base/yield_allowance.h"

namespace vmoffer {

class LookBudget {
 public:
  using Time = YieldAllowance::Time;
  // The shortest round is that of a machine on which a system call takes a tenth of a microsecond.
  static constexpr std::chrono::microseconds kShortestRound{1};
  static constexpr std::chrono::microseconds kLongestRound{4};

  // The allowance of the process, which outlives the budget. `round`: how long this machine takes for one round of a
  // look; what lies outside of the two limits counts as the nearer one.
  explicit LookBudget(YieldAllowance& allowance, Time::duration round = kShortestRound);

  // What the last waits say. Whether there is a core for it the caller knows.
  bool is_look_worthwhile() const { return short_share_ > kWorthwhileShare && looks_to_leave_out_ == 0; }

  // A wait begins. `looks`: and with it a look.
  void begin(Time now, bool looks);
  bool is_waiting() const { return is_waiting_; }
  // Whether to look once more, and whether to let others have the core before that.
  bool goes_on(Time now);
  bool gives_way() const { return gives_way_; }
  // What was waited for is there.
  void end(Time now);
  // Whether the wait that has ended was looked through on a core that the other side shares. Says so the 1st, 2nd, 4th
  // … time in a row: to leave a core takes longer than a look, and does not help where the others are busy.
  bool is_core_to_be_left() const { return is_core_to_be_left_; }
  // Nobody waits for it any more. Nothing is learned.
  void forget() { is_waiting_ = is_looking_ = false; }
  // A wait of another thread, which slept.
  void slept(std::chrono::nanoseconds waited);

 private:
  static constexpr double kWorthwhileShare = 0.6;

  Time::duration longest_look() const;
  Time::duration watch_core(Time now);
  bool is_still_worthwhile(Time now) const;
  void look_has_paid(Time now);
  void look_was_in_vain();
  void learn(bool was_short);

  YieldAllowance* allowance_;
  Time::duration round_;
  double short_share_ = 0.5;  // of the waits, how many a look ended or would have ended
  int vain_looks_ = 0;
  uint32_t looks_to_leave_out_ = 0;
  uint32_t looks_on_shared_core_ = 0;  // in a row
  // Of this wait:
  bool is_waiting_ = false;
  bool is_looking_ = false;
  bool has_looked_in_vain_ = false;
  bool has_lost_core_ = false;
  bool gives_way_ = true;
  bool is_core_to_be_left_ = false;
  Time began_;
  Time last_look_;
};

}  // namespace vmoffer
