#include "engine/pager/pager.h"

#include "engine/base/units.h"
#include "engine/sys/page_table.h"

namespace vmoffer {

Result<std::shared_ptr<PagedRange>> Pager::add(uint64_t address, uint64_t byte_length,
                                               std::unique_ptr<PageSource> source) {
  Result<std::shared_ptr<PagedRange>> range =
      PagedRange::open(userfault_, {address, byte_length}, std::move(source), ahead_.is_of_use() ? &ahead_ : nullptr);
  if (!range.is_ok()) return range;
  const MutexLock lock(mutex_);
  ranges_[address] = range.value();
  return range;
}

void Pager::remove(const std::shared_ptr<PagedRange>& range) {
  {
    const MutexLock lock(mutex_);
    // The destructor of a released region comes here again, when another range may have its addresses.
    const auto found = ranges_.find(range->address());
    if (found != ranges_.end() && found->second == range) ranges_.erase(found);
  }
  range->close();
}

std::shared_ptr<PagedRange> Pager::find(uint64_t address) {
  const MutexLock lock(mutex_);
  auto behind = ranges_.upper_bound(address);
  if (behind == ranges_.begin()) return nullptr;
  const std::shared_ptr<PagedRange>& range = (--behind)->second;
  return address < range->address() + range->byte_length() ? range : nullptr;
}

void Pager::handle(const Fault& fault) {
  const std::shared_ptr<PagedRange> range = find(fault.address);
  if (range == nullptr) {
    // The range was removed meanwhile: the thread touches again, and finds what the kernel has there now.
    userfault_.wake(align_down(fault.address, page_bytes()), page_bytes());
    return;
  }
  range->resolve(fault);
}

}  // namespace vmoffer
