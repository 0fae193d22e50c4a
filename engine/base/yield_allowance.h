// YieldAllowance: whether the threads of a process that look may let others have their cores meanwhile. Any thread.
//
// A thread gives way so that the one that it waits for can run. If a program that computes takes the core instead, the
// thread is without it for a time slice, however soon its answer comes. So what answers have waited for that is counted
// against an allowance: a hundredth of the time, saved up to four milliseconds. A short piece of work of another
// thread, such as a garbage collection, stays below it. Beside a program that goes on computing, it is used up at once.
#pragma once

#include <atomic>
#include <chrono>

namespace vmoffer {

class YieldAllowance {
 public:
  using Time = std::chrono::steady_clock::time_point;

  bool is_left(Time now) const { return now >= used_until_.load(std::memory_order_relaxed); }
  // An answer has waited so long for a thread that had given way. Of two threads that say so at once, one may count.
  void use(Time now, Time::duration waited);
  // A look has found an answer so much sooner than a sleeping thread would have been woken by it.
  void earn(Time now, Time::duration saved);

 private:
  void move_end(Time now, Time::duration by);

  std::atomic<Time> used_until_{Time{}};
};

}  // namespace vmoffer
