// PulledSource: the range is private anonymous memory, filled with copies of a memory object's pages. What has been
// copied is given back behind the copy when the object is nobody else's, so that there is never much more than one
// copy.
#pragma once

#include <memory>

#include "engine/pager/page_source.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"

namespace vmoffer {

class PulledSource : public PageSource {
 public:
  // `consume`: give back what was copied.
  static Result<std::unique_ptr<PulledSource>> open(std::shared_ptr<MemoryObject> object, bool consume);

  CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                       uint64_t byte_length) override;
  bool fill_hole(uint64_t, uint64_t) override { return false; }
  // Without us the kernel would give zeros, silently.
  bool is_kernels_too() const override { return false; }
  uint64_t bytes_pulled() const override { return bytes_pulled_; }

  // The same into plain memory, by the calling thread.
  void copy_to(uint64_t address, uint64_t byte_offset, uint64_t byte_length);

 private:
  PulledSource(std::shared_ptr<MemoryObject> object, Mapping view, bool consume)
      : object_(std::move(object)), view_(std::move(view)), consume_(consume) {}
  CopyProgress install_data(const UserFault& userfault, uint64_t address, MemoryObject::Run run);
  CopyProgress move_huge_page(const UserFault& userfault, uint64_t address, uint64_t byte_offset);
  bool prepare_staging();
  void count(MemoryObject::Run run);

  const std::shared_ptr<MemoryObject> object_;
  const Mapping view_;
  const bool consume_;
  Mapping staging_;
  bool may_move_ = true;
  uint64_t bytes_pulled_ = 0;
};

}  // namespace vmoffer
