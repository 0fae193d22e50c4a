#include "engine/memory/supplied_region.h"

#include <utility>

namespace vmoffer {

Result<std::shared_ptr<Region>> region_of(std::shared_ptr<SuppliedMemory> memory) {
  std::shared_ptr<MemoryObject> object = memory->object();
  Result<Mapping> mapping = Mapping::untouchable(object->fd(), object->byte_length());
  if (!mapping.is_ok()) return mapping.status();
  auto holding = std::make_shared<Holding>(std::move(object), std::move(memory));
  return std::make_shared<Region>(mapping.take(), std::move(holding), kRead, PageKind::kOrdinary);
}

std::shared_ptr<SuppliedMemory> supplied_in(const Extents& extents, ByteRange range) {
  const std::shared_ptr<Holding> holding = extents.exact(range);
  return holding == nullptr ? nullptr : holding->supplied();
}

}  // namespace vmoffer
