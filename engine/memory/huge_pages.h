// huge_pages: shared memory with the largest pages to be had, if large ones are wanted.
#pragma once

#include <memory>

#include "engine/memory/page_kind.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

struct BackedMapping {
  std::shared_ptr<MemoryObject> object;
  Mapping mapping;
  PageKind page_kind = PageKind::kOrdinary;
};

// Huge pages come from the reserved pool when it has enough of them, else from the kernel's transparent ones, else the
// memory has ordinary pages. What was got is what `page_kind` says. REQUIRES: byte_length > 0, whole pages.
Result<BackedMapping> map_new_object(uint64_t byte_length, Protection protection, bool huge_pages);

// What pages a received object has that has just been mapped as a whole. Transparent huge ones are asked for where they
// have not been made yet.
PageKind page_kind_of(const MemoryObject& object, const Mapping& mapping);

}  // namespace vmoffer
