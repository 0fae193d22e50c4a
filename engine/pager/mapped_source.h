// MappedSource: the source of a range that maps a memory object. Installs the object's own pages, without a copy.
#pragma once

#include <memory>

#include "engine/pager/page_source.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

class MappedSource : public PageSource {
 public:
  explicit MappedSource(std::shared_ptr<MemoryObject> object) : object_(std::move(object)) {}

  CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                       uint64_t byte_length) override;
  bool fill_hole(uint64_t byte_offset, uint64_t byte_length) override;
  UserFault::Kind registration() const override { return UserFault::Kind::kMapped; }
  bool kernel_has_the_bytes() const override { return true; }
  uint64_t bytes_for_kernel(uint64_t byte_offset, uint64_t byte_length) override;
  bool takes_memory() const override { return false; }
  uint64_t unit_bytes() const override { return object_->is_hugetlb() ? huge_page_bytes() : page_bytes(); }

 private:
  const std::shared_ptr<MemoryObject> object_;
};

}  // namespace vmoffer
