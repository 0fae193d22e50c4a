// RegionMap: the live regions of this process by address, so that a program can offer memory by its address.
// Thread-safe. It keeps no region alive, and must outlive them all.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/memory/region.h"

namespace vmoffer {

class RegionMap {
 public:
  void add(const std::shared_ptr<Region>& region);
  // Called by the region, before its addresses go.
  void remove(const Region& region);
  // The region that holds the address, live or disowned; null if there is none.
  std::shared_ptr<Region> find(uint64_t address);

 private:
  Mutex mutex_;
  std::map<uint64_t, std::weak_ptr<Region>> regions_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
