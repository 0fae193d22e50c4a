// Pager: finds the registered range to which a fault belongs. Owns no thread. Only the thread that reads faults calls
// handle(); any thread may call the rest.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/pager/ahead_thread.h"
#include "engine/pager/paged_range.h"
#include "engine/pager/pager_seat.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

class Pager {
 public:
  explicit Pager(UserFault userfault) : userfault_(std::move(userfault)) {}

  const UserFault& userfault() const { return userfault_; }
  PagerSeat& seat() { return seat_; }

  Result<std::shared_ptr<PagedRange>> add(uint64_t address, uint64_t byte_length, std::unique_ptr<PageSource> source);
  // From here on the range's addresses may be unmapped. The kernel answers the faults that wait.
  void remove(const std::shared_ptr<PagedRange>& range);
  void handle(const Fault& fault);

  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

 private:
  std::shared_ptr<PagedRange> find(uint64_t address);

  const UserFault userfault_;
  PagerSeat seat_;
  AheadThread ahead_;
  Mutex mutex_;
  std::map<uint64_t, std::shared_ptr<PagedRange>> ranges_ VMO_GUARDED_BY(mutex_);  // by first address
};

}  // namespace vmoffer
