#include "engine/pager/ahead_thread.h"

#include <algorithm>

#include "engine/pager/paged_range.h"
#include "engine/sys/thread.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {
namespace {

constexpr std::chrono::milliseconds kFirstLookAfter{1};
constexpr std::chrono::seconds kLastLookBefore{10};
// Looks take no more than a ninth of a core, however much is watched.
constexpr int kRestsPerLook = 8;

}  // namespace

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

void AheadThread::watch(std::weak_ptr<PagedRange> range) {
  {
    const MutexLock lock(mutex_);
    if (!was_started_) start();
    readers_core_ = current_core();
    const Clock::time_point now = Clock::now();
    watched_.emplace(now + kFirstLookAfter, Watch{std::move(range), now});
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
  while (ranges_.empty()) {
    if (is_look_due()) {
      look();
    } else if (watched_.empty()) {
      ordered_.wait(mutex_);
    } else {
      ordered_.wait_until(mutex_, std::max(watched_.begin()->first, rests_until_));
    }
  }
  Order order{std::move(ranges_.front()), readers_core_};
  ranges_.pop_front();
  return order;
}

bool AheadThread::is_look_due() const {
  return !watched_.empty() && std::max(watched_.begin()->first, rests_until_) <= Clock::now();
}

// Lets go of the lock meanwhile.
void AheadThread::look() {
  const Watch watch = std::move(watched_.extract(watched_.begin()).mapped());
  const int readers_core = readers_core_;
  mutex_.unlock();
  stay_away_from(readers_core);
  const Clock::time_point start = Clock::now();
  bool goes_on = false;
  if (const std::shared_ptr<PagedRange> range = watch.range.lock()) goes_on = range->look_for_dense_parts();
  const Clock::time_point end = Clock::now();
  mutex_.lock();
  rests_until_ = end + kRestsPerLook * (end - start);
  const Clock::duration age = end - watch.since;
  if (goes_on && age < kLastLookBefore) watched_.emplace(watch.since + age * 3 / 2, watch);
}

void AheadThread::stay_away_from(int core) {
  if (core == avoided_) return;
  avoided_ = core;
  std::vector<int> others = all_cores_;
  std::erase(others, core);
  if (!others.empty()) keep_this_thread_on(others);
}

}  // namespace vmoffer
