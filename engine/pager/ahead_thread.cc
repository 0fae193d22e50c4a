#include "engine/pager/ahead_thread.h"

#include <algorithm>

#include "engine/pager/paged_range.h"
#include "engine/sys/thread.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {

AheadThread::AheadThread() : all_cores_(allowed_cores()) {}

// If the thread cannot be started, orders stay undone: readers fault on the missing pages, and the pager answers.
void AheadThread::start() {
  was_started_ = true;
  [[maybe_unused]] const Result<Thread> thread = Thread::start("vmo-ahead", [this] { run(); });
}

void AheadThread::order(std::shared_ptr<PagedRange> range) {
  {
    const MutexLock lock(mutex_);
    if (!was_started_) start();
    readers_core_ = current_core();
    const bool is_waiting = std::find(ranges_.begin(), ranges_.end(), range) != ranges_.end();
    if (!is_waiting) ranges_.push_back(std::move(range));
  }
  ordered_.notify_one();
}

// Ranges take turns, one chunk each.
void AheadThread::run() {
  for (;;) {
    Order order = await_order();
    stay_away_from(order.readers_core);
    if (!order.range->install_ahead()) continue;
    const MutexLock lock(mutex_);
    ranges_.push_back(std::move(order.range));
  }
}

AheadThread::Order AheadThread::await_order() {
  const MutexLock lock(mutex_);
  while (ranges_.empty()) ordered_.wait(mutex_);
  Order order{std::move(ranges_.front()), readers_core_};
  ranges_.pop_front();
  return order;
}

void AheadThread::stay_away_from(int core) {
  if (core == avoided_) return;
  avoided_ = core;
  std::vector<int> others = all_cores_;
  std::erase(others, core);
  if (!others.empty()) keep_this_thread_on(others);
}

}  // namespace vmoffer
