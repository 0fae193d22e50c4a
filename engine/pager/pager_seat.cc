#include "engine/pager/pager_seat.h"

#include <algorithm>

#include "engine/sys/thread_cpu.h"

namespace vmoffer {

void PagerSeat::take() {
  cores_ = allowed_cores();
  thread_.store(own_thread_id(), std::memory_order_release);
}

bool PagerSeat::go_to(int core) {
  if (core == here_.load(std::memory_order_relaxed)) return true;
  const MutexLock lock(mutex_);
  const bool is_there = core == Placement::kAnywhere ? keep_this_thread_on(cores_) : keep_this_thread_on({core});
  if (is_there) here_.store(core, std::memory_order_relaxed);
  return is_there;
}

void PagerSeat::expect_faults_from_here() {
  const int core = current_core();
  if (core == here_.load(std::memory_order_relaxed) || !is_at_rest()) return;
  const int thread = thread_.load(std::memory_order_acquire);
  if (thread == 0 || std::find(cores_.begin(), cores_.end(), core) == cores_.end()) return;
  const MutexLock lock(mutex_);
  if (keep_thread_on(thread, {core})) here_.store(core, std::memory_order_relaxed);
}

}  // namespace vmoffer
