#include "engine/transfer/hand_off.h"

#include "engine/transfer/rights.h"

namespace vmoffer {

Result<UniqueFd> descriptor_to_grant(const MemoryObject& object, uint32_t flags) {
  if ((granted_by(flags) & kWrite) == 0) return object.read_only_descriptor();
  // A holder of a writable descriptor could add F_SEAL_FUTURE_WRITE and so take the memory from its source.
  Status status = object.forbid_further_seals();
  if (!status.is_ok()) return status;
  return object.descriptor();
}

}  // namespace vmoffer
