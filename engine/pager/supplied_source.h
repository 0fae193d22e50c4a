// SuppliedSource: the range maps an object whose pages its source fills when they are asked for. A page is installed
// (UFFDIO_CONTINUE) only where the source has said that it is there: whoever has the object's descriptor, read-only as
// it is, can make a page of zeros out of a hole.
//
// The range is never left to the kernel, which would fill the holes with zeros, for every process that has the object.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/pager/page_source.h"
#include "engine/supply/supplied_claim.h"

namespace vmoffer {

class SuppliedSource : public PageSource {
 public:
  SuppliedSource(std::shared_ptr<SuppliedClaim> claim, uint64_t address)
      : claim_(std::move(claim)), address_(address) {}

  uint64_t on_touch(uint64_t byte_offset) override { return claim_->on_touch(byte_offset); }
  Supply ask(uint64_t byte_offset, uint64_t byte_length) override;
  CopyProgress install(const UserFault& userfault, uint64_t address, uint64_t byte_offset,
                       uint64_t byte_length) override;
  bool fill_hole(uint64_t, uint64_t) override { return false; }
  void forbid(const UserFault& userfault, uint64_t address, uint64_t byte_offset, uint64_t byte_length) override;
  void permit(uint64_t address, uint64_t byte_length) override;
  UserFault::Kind registration() const override { return UserFault::Kind::kMapped; }
  bool kernel_has_the_bytes() const override { return false; }
  bool takes_memory() const override { return false; }

 private:
  void say_why(uint64_t byte_offset, const Status& why);

  const std::shared_ptr<SuppliedClaim> claim_;
  const uint64_t address_;
  // With the range's lock:
  bool has_poison_ = true;
  uint64_t said_of_ = UINT64_MAX;  // the unit of the last line on stderr
};

}  // namespace vmoffer
