// SupplyWindow: puts bytes into a memory object in such a way that nobody ever sees a part of a page.
//
// The window is a mapping of the object that nobody can touch, registered with a userfaultfd. UFFDIO_COPY puts a page
// into the object whole or not at all. pwrite() does not: if its source is paged out meanwhile, readers see a torn
// page, and if shared memory comes in huge pages, they see the rest of one as zeros. Stores through a mapping show
// zeros first.
//
// Any thread; two threads must not place the same pages at once.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/base/status.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

class SupplyWindow {
 public:
  // Needs no privilege: a userfaultfd for faults in user mode will do. REQUIRES: pages of the ordinary size.
  static Result<SupplyWindow> open(std::shared_ptr<MemoryObject> object);

  // Places whole pages, from memory that this process can read. If a process has made a page meanwhile, by reading the
  // hole through a mapping, overwrites it: nobody takes it for supplied before place() has returned. After an error,
  // some of the pages may be there.
  Status place(uint64_t byte_offset, const void* bytes, uint64_t byte_length) const;
  // Turns pages back into holes, for every process that maps them.
  Status drop(uint64_t byte_offset, uint64_t byte_length) const;

 private:
  SupplyWindow(std::shared_ptr<MemoryObject> object, UserFault userfault, Mapping mapping)
      : object_(std::move(object)), userfault_(std::move(userfault)), mapping_(std::move(mapping)) {}

  Result<uint64_t> place_some(uint64_t byte_offset, const char* bytes, uint64_t byte_length) const;

  std::shared_ptr<MemoryObject> object_;
  UserFault userfault_;
  Mapping mapping_;
};

}  // namespace vmoffer
