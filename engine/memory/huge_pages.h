// huge_pages: shared memory with the largest pages available, if large ones are wanted.
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

// Takes huge pages from the reserved pool if it has enough, otherwise transparent ones, otherwise ordinary pages;
// `page_kind` says which. REQUIRES: byte_length > 0, whole pages.
Result<BackedMapping> map_new_object(uint64_t byte_length, Protection protection, bool huge_pages);

// The kind of pages of a received object that has just been mapped as a whole. Asks the kernel for transparent huge
// pages where none have been made yet.
PageKind page_kind_of(const MemoryObject& object, const Mapping& mapping);

}  // namespace vmoffer
