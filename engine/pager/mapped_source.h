// MappedSource: the range maps a memory object, whose own pages are installed. Nothing is copied.
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
  bool is_kernels_too() const override { return true; }
  uint64_t unit_bytes() const override { return object_->is_hugetlb() ? huge_page_bytes() : page_bytes(); }

 private:
  const std::shared_ptr<MemoryObject> object_;
};

}  // namespace vmoffer
