// PagerSeat: the core on which the pager's thread waits for faults. The thread moves itself where faults come from.
// While it rests, a thread that is about to touch a claim may move it to its own core: a thread that sleeps moves at no
// cost when it is woken, and a wake-up across cores would make the first fault take four times as long.
#pragma once

#include <atomic>
#include <chrono>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/pager/placement.h"

namespace vmoffer {

class PagerSeat {
 public:
  // The pager's thread alone calls these, take() first.
  void take();
  const std::vector<int>& cores() const { return cores_; }
  // Placement::kAnywhere: any of the cores. False if the thread may not move there.
  bool go_to(int core);
  void has_answered() { answered_.store(Clock::now(), std::memory_order_relaxed); }
  // There were no faults for longer than programs compute between two pages that they go through.
  bool is_at_rest() const { return Clock::now() - answered_.load(std::memory_order_relaxed) > kPause; }

  // Any thread: the calling thread will touch pages soon. A hint.
  void expect_faults_from_here();

 private:
  // Moving takes a hundredth of it.
  static constexpr std::chrono::milliseconds kPause{2};

  std::vector<int> cores_;       // read by other threads once thread_ is set
  std::atomic<int> thread_ = 0;  // 0: nobody has taken it
  std::atomic<Clock::time_point> answered_{Clock::time_point{}};
  Mutex mutex_;  // held to move
  std::atomic<int> here_ = Placement::kAnywhere;
};

}  // namespace vmoffer
