#include "engine/memory/region_map.h"

namespace vmoffer {

void RegionMap::add(const std::shared_ptr<Region>& region) {
  region->attach_map(*this);
  const MutexLock lock(mutex_);
  regions_[region->address()] = region;
}

// The pointer taken here, or in find(), may be the last to the region, and a region that ends calls remove(). So the
// pointer is declared before the lock, and dropped after it.
void RegionMap::remove(const Region& region) {
  std::shared_ptr<Region> held;
  const MutexLock lock(mutex_);
  const auto found = regions_.find(region.address());
  if (found == regions_.end()) return;
  held = found->second.lock();
  if (held == nullptr || held.get() == &region) regions_.erase(found);
}

std::shared_ptr<Region> RegionMap::find(uint64_t address) {
  std::shared_ptr<Region> region;
  const MutexLock lock(mutex_);
  auto behind = regions_.upper_bound(address);
  if (behind == regions_.begin()) return nullptr;
  region = (--behind)->second.lock();
  const bool holds = region != nullptr && region->state() != RegionState::kReleased &&
                     address < region->address() + region->byte_length();
  return holds ? region : nullptr;
}

}  // namespace vmoffer
