// AheadThread: the thread 'vmo-ahead', which installs the pages that readers will touch next, on another core than the
// readers', and watches what was left to the kernel, on the readers' core. The first order starts it, and it lives as
// long as the process. Any thread may order.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {

class PagedRange;

class AheadThread {
 public:
  // The thread will use the cores on which the calling thread may run.
  AheadThread();

  // False if there is only one core, which a helper would take away from the reader.
  bool is_of_use() const { return all_cores_.size() > 1; }

  // REQUIRES: the range has pages to take, and the caller runs on the reader's core, as whoever answers its faults and
  // whoever looks for it does.
  void order(std::shared_ptr<PagedRange> range);

  // For a range that has just been left to the kernel: looks at it after 1 ms, and again each time half as much time
  // has passed again, until it has been left for some seconds. `reader`: the thread that touches it, 0 if unknown.
  void watch(std::weak_ptr<PagedRange> range, uint32_t reader);

  AheadThread(const AheadThread&) = delete;
  AheadThread& operator=(const AheadThread&) = delete;

 private:
  struct Order {
    std::shared_ptr<PagedRange> range;
    int readers_core = -1;
  };
  // On the core, or on any but that.
  struct Seat {
    int core = -1;
    bool is_beside = false;
    bool operator==(const Seat&) const = default;
  };
  struct Watch {
    std::weak_ptr<PagedRange> range;
    uint32_t reader = 0;
    Clock::time_point since;
  };

  void start() VMO_REQUIRES(mutex_);
  void run();
  Order await_order();
  bool is_look_due() const VMO_REQUIRES(mutex_);
  void sit_by_reader() VMO_REQUIRES(mutex_);
  void look() VMO_REQUIRES(mutex_);
  void sit(Seat seat);

  const std::vector<int> all_cores_;
  // run() only
  Seat seat_;
  ThreadCores cores_;

  Mutex mutex_;
  Condition ordered_;
  std::deque<std::shared_ptr<PagedRange>> ranges_ VMO_GUARDED_BY(mutex_);
  std::multimap<Clock::time_point, Watch> watched_ VMO_GUARDED_BY(mutex_);  // by when they are looked at next
  Clock::time_point rests_until_ VMO_GUARDED_BY(mutex_);
  int readers_core_ VMO_GUARDED_BY(mutex_) = -1;
  bool was_started_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
