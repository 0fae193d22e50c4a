#include "engine/pager/ahead_thread.h"

#include <algorithm>

#include "engine/pager/paged_range.h"
#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

constexpr std::chrono::milliseconds kFirstLookAfter{1};
constexpr std::chrono::seconds kLastLookBefore{10};
// Looks take no more of the reader's core than one part in so many, however much is watched.
constexpr int kRestsPerLook = 64;

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

void AheadThread::watch(std::weak_ptr<PagedRange> range, uint32_t reader) {
  {
    const MutexLock lock(mutex_);
    if (!was_started_) start();
    const Clock::time_point now = Clock::now();
    watched_.emplace(now + kFirstLookAfter, Watch{std::move(range), reader, now});
  }
  ordered_.notify_one();
}

// Ranges take turns, one chunk each.
void AheadThread::run() {
  for (;;) {
    Order order = await_order();
    sit({.core = order.readers_core, .is_beside = true});
    if (!order.range->install_ahead()) continue;
    const MutexLock lock(mutex_);
    ranges_.push_back(std::move(order.range));
  }
}

AheadThread::Order AheadThread::await_order() {
  const MutexLock lock(mutex_);
  bool is_by_reader = false;
  while (ranges_.empty()) {
    if (is_look_due()) {
      look();
    } else if (watched_.empty()) {
      ordered_.wait(mutex_);
    } else if (is_by_reader) {
      ordered_.wait_until(mutex_, std::max(watched_.begin()->first, rests_until_));
      is_by_reader = false;
    } else {
      sit_by_reader();
      is_by_reader = true;
    }
  }
  Order order{std::move(ranges_.front()), readers_core_};
  ranges_.pop_front();
  return order;
}

bool AheadThread::is_look_due() const {
  return !watched_.empty() && std::max(watched_.begin()->first, rests_until_) <= Clock::now();
}

// Under a hypervisor that keeps page tables of its own, a thread that is woken on another core can stop the reader's
// faults for 15 ms. Lets go of the lock meanwhile.
void AheadThread::sit_by_reader() {
  const uint32_t reader = watched_.begin()->second.reader;
  mutex_.unlock();
  sit({.core = cores_.core_of(reader)});
  mutex_.lock();
}

// Lets go of the lock meanwhile.
void AheadThread::look() {
  const Watch watch = std::move(watched_.extract(watched_.begin()).mapped());
  mutex_.unlock();
  const Clock::time_point start = Clock::now();
  const Clock::duration allowance = (start - watch.since) / kRestsPerLook;
  bool goes_on = false;
  if (const std::shared_ptr<PagedRange> range = watch.range.lock()) goes_on = range->look_for_dense_parts(allowance);
  const Clock::time_point end = Clock::now();
  mutex_.lock();
  rests_until_ = end + kRestsPerLook * (end - start);
  const Clock::duration age = end - watch.since;
  if (goes_on && age < kLastLookBefore) watched_.emplace(watch.since + age * 3 / 2, watch);
}

// A seat that cannot be had counts as taken: the thread stays where it was.
void AheadThread::sit(Seat seat) {
  if (seat == seat_) return;
  seat_ = seat;
  std::vector<int> cores = all_cores_;
  std::erase_if(cores, [&](int core) { return (core == seat.core) == seat.is_beside; });
  if (!cores.empty()) keep_this_thread_on(cores);
}

}  // namespace vmoffer
