#include "engine/transfer/hand_off.h"

#include "engine/transfer/rights.h"

namespace vmoffer {
namespace {

Status drop_from_region(Region& region, uint32_t flags) {
  if (disowns(flags)) return region.disown();
  const Rights dropped = dropped_by(flags);
  if (dropped & kExecute) {
    Status status = region.drop_execute();
    if (!status.is_ok()) return status;
  }
  return dropped & kWrite ? region.drop_write() : Status();
}

}  // namespace

Result<UniqueFd> descriptor_to_grant(const MemoryObject& object, uint32_t flags) {
  if ((granted_by(flags) & kWrite) == 0) return object.read_only_descriptor();
  // A holder of a writable descriptor could add F_SEAL_FUTURE_WRITE and so take shared memory from its source. Memory
  // that leaves the source may be sealed by its next owner.
  if (!disowns(flags)) {
    Status status = object.forbid_further_seals();
    if (!status.is_ok()) return status;
  }
  return object.descriptor();
}

Status drop_rights(Region* region, const MemoryObject& object, uint32_t flags) {
  if (region != nullptr) {
    Status status = drop_from_region(*region, flags);
    if (!status.is_ok()) return status;
  }
  const bool may_anybody_write = (granted_by(flags) & kWrite) != 0 || (dropped_by(flags) & kWrite) == 0;
  // It may fail: then an earlier claimer can still write, and the next one reads from the kernel that it can.
  if (!may_anybody_write && object.is_writable()) object.seal_against_writing();
  return Status();
}

}  // namespace vmoffer
