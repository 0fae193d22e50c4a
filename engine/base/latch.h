// Latch: one thread waits until another opens it. Any thread.
#pragma once

#include <chrono>

#include "engine/base/mutex.h"

namespace vmoffer {

class Latch {
 public:
  void open() {
    const MutexLock lock(mutex_);
    is_open_ = true;
    has_opened_.notify_all();
  }

  // False when it is still shut after that time.
  bool wait_for(std::chrono::milliseconds time) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    const MutexLock lock(mutex_);
    while (!is_open_ && has_opened_.wait_until(mutex_, deadline)) continue;
    return is_open_;
  }

 private:
  Mutex mutex_;
  Condition has_opened_;
  bool is_open_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
