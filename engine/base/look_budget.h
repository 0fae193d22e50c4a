// LookBudget: whether a thread that waits for another process looks for a while before it sleeps, and for how long.
// Pure; one thread at a time.
//
// A look finds an answer some tens of microseconds before a sleeping thread would have woken, and takes a core
// meanwhile. So it is judged by how the last waits went. A wait without a look counts, too: what came so soon after the
// thread had gone to sleep would have been found. So two sides that sleep find their way back to looking, and a side
// that waits for a millisecond each time never looks. After a look in vain the next 1, 3, 7 … 1023 are left out. It is
// in vain, too, if the thread lost its core meanwhile: then somebody else needs the core.
#pragma once

#include <chrono>
#include <cstdint>

namespace vmoffer {

class LookBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::microseconds kLongestLook{150};

  // What the last waits say. Whether there is a core for it the caller knows.
  bool is_look_worthwhile() const { return short_share_ > kWorthwhileShare && looks_to_leave_out_ == 0; }

  // A wait begins. `looks`: and with it a look.
  void begin(Time now, bool looks);
  bool is_waiting() const { return is_waiting_; }
  // Whether to look once more.
  bool goes_on(Time now);
  // What was waited for is there.
  void end(Time now);
  // Nobody waits for it any more. Nothing is learned.
  void forget() { is_waiting_ = is_looking_ = false; }
  // A wait of another thread, which slept.
  void slept(std::chrono::nanoseconds waited);

 private:
  static constexpr double kWorthwhileShare = 0.6;

  void learn(bool was_short);
  void look_was_in_vain();

  double short_share_ = 0.5;  // of the waits, how many a look ended or would have ended
  int vain_looks_ = 0;
  uint32_t looks_to_leave_out_ = 0;
  bool is_waiting_ = false;
  bool is_looking_ = false;
  bool has_looked_in_vain_ = false;  // in this wait
  Time began_;
  Time last_look_;
};

}  // namespace vmoffer
