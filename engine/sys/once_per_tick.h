// OncePerTick: what the kernel says of this process or thread, for a caller that asks several times in a millisecond,
// of what changes seldom. One thread; make it thread_local.
//
// The coarse clock is read without a system call. It advances every 1 to 10 ms (CLOCK_MONOTONIC_COARSE,
// clock_gettime(2)).
#pragma once

#include <time.h>

namespace vmoffer {

template <typename Value>
class OncePerTick {
 public:
  // Calls `ask` unless it has been called in this tick.
  template <typename Ask>
  Value get(const Ask& ask) {
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (!is_known_ || now.tv_nsec != tick_.tv_nsec || now.tv_sec != tick_.tv_sec) {
      value_ = ask();
      tick_ = now;
      is_known_ = true;
    }
    return value_;
  }

 private:
  Value value_{};
  timespec tick_ = {};
  bool is_known_ = false;
};

}  // namespace vmoffer
