// AheadThread: the thread 'vmo-ahead', which installs for readers what they will touch next, on another core than
// theirs. It is started by the first order, and lives as long as the process. Any thread may order.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine/base/mutex.h"

namespace vmoffer {

class PagedRange;

class AheadThread {
 public:
  // It runs on the cores of the calling thread.
  AheadThread();

  // False where a helper would only take the reader's own core away from it.
  bool is_of_use() const { return all_cores_.size() > 1; }

  // On the thread that answers the reader's faults, which is where the reader is. The range has something to take.
  void order(std::shared_ptr<PagedRange> range);

  AheadThread(const AheadThread&) = delete;
  AheadThread& operator=(const AheadThread&) = delete;

 private:
  struct Order {
    std::shared_ptr<PagedRange> range;
    int readers_core = -1;
  };

  void start() VMO_REQUIRES(mutex_);
  void run();
  Order await_order();
  void stay_away_from(int core);

  const std::vector<int> all_cores_;
  int avoided_ = -1;  // run() only

  Mutex mutex_;
  Condition ordered_;
  std::deque<std::shared_ptr<PagedRange>> ranges_ VMO_GUARDED_BY(mutex_);
  int readers_core_ VMO_GUARDED_BY(mutex_) = -1;
  bool was_started_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
