#include "engine/transfer/claim/object_check.h"

#include <string>

#include "engine/base/units.h"

namespace vmoffer {
namespace {

Status refuse(const std::string& why) {
  return Status(Code::kProtocol, "the source sent " + why + "; nothing was mapped. Do not trust that process");
}

const char* name_of(OfferKind kind) {
  switch (kind) {
    case OfferKind::kMemory:
      return "memory (see vmClaim)";
    case OfferKind::kChannel:
      return "a channel (see Channel.accept)";
    case OfferKind::kMessage:
      return "a message of a channel (see channel.receive)";
  }
  return "something unknown";
}

// A process that may write such memory can make a touch of it end every other process, by SIGBUS.
Status refuse_pool_pages() {
  return Status(Code::kNotPermitted,
                "the memory is from the huge page pool, by which its source could end this process; the offer stands. "
                "Claim it with { hugetlb: true } if you trust the source, or have it offered in ordinary pages");
}

Status check_access(const ObjectFacts& facts, const wire::Terms& terms, wire::Transfer transfer) {
  if (transfer == wire::Transfer::kPull) {
    return facts.access == ObjectAccess::kNone ? refuse("a descriptor that cannot be read") : Status();
  }
  const bool is_to_write = (granted_by(terms.flags) & kWrite) != 0;
  const ObjectAccess promised = is_to_write ? ObjectAccess::kReadWrite : ObjectAccess::kReadOnly;
  if (facts.access != promised) {
    return refuse(is_to_write ? "a descriptor that cannot be written, for an offer that grants W"
                              : "a descriptor that can be written (or not read), for an offer that does not grant W");
  }
  if (is_to_write && (facts.sealed_write || facts.sealed_future_write))
    return refuse("a memory object sealed against writing, for an offer that grants W");
  return Status();
}

}  // namespace

Status check_terms(const wire::Terms& terms, uint64_t requested_address, OfferKind kind, uint64_t page_bytes) {
  if (terms.address != requested_address) return refuse("another address than was asked for");
  if (terms.byte_length == 0 || !is_aligned(terms.byte_length, page_bytes)) {
    return refuse("a length of " + std::to_string(terms.byte_length) + " bytes, which is not whole pages");
  }
  if (terms.object_offset != 0) return refuse("a part of a larger memory object");
  const bool has_grant = granted_by(terms.flags) != 0;
  const bool is_meaningful = (terms.flags & ~(kGrantMask | kDropMask | kKindMask)) == 0;
  const OfferKind offered = kind_of(terms.flags);
  if (!has_grant || !is_meaningful || !is_known(offered)) return refuse("flags that no offer can have");
  if (offered == kind) return Status();
  return Status(Code::kNotOffered,
                std::string("what is offered there is ") + name_of(offered) + ", not " + name_of(kind));
}

Status check_supply(const wire::Supply& supply, const wire::Terms& terms) {
  const bool is_unit = (supply.unit_bytes & (supply.unit_bytes - 1)) == 0 && supply.unit_bytes >= wire::kMinUnitBytes &&
                       supply.unit_bytes <= wire::kMaxUnitBytes;
  if (!is_unit) return refuse("units of " + std::to_string(supply.unit_bytes) + " bytes, which no supplied memory has");
  if (supply.timeout_ms == 0) return refuse("supplied memory whose source may be silent for no time at all");
  const bool is_right = is_supplied(terms.flags) && kind_of(terms.flags) == OfferKind::kMemory &&
                        granted_by(terms.flags) == kRead && !disowns(terms.flags);
  return is_right ? Status() : refuse("flags that no supplied memory can have");
}

Status check_object(const ObjectFacts& facts, const wire::Terms& terms, wire::Transfer transfer,
                    bool takes_pool_pages) {
  if (!facts.is_memory) return refuse("a descriptor that is not a memory object (memfd)");
  // If another holder punches a hole and the pool is empty, a touch of the hole ends the process (SIGBUS).
  if (facts.is_hugetlb && kind_of(terms.flags) != OfferKind::kMemory) {
    return refuse(std::string("memory from the huge page pool for ") + name_of(kind_of(terms.flags)) +
                  ", which is ordinary memory only");
  }
  // Without these seals the source could shorten the object, and a touch would end the process (SIGBUS).
  if (!facts.sealed_shrink) return refuse("a memory object that is not sealed against shrinking");
  if (!facts.sealed_grow) return refuse("a memory object that is not sealed against growing");
  if (facts.byte_length != terms.byte_length) {
    return refuse("a memory object of " + std::to_string(facts.byte_length) + " bytes for an offer of " +
                  std::to_string(terms.byte_length));
  }
  const Status access = check_access(facts, terms, transfer);
  return access.is_ok() && facts.is_hugetlb && !takes_pool_pages ? refuse_pool_pages() : access;
}

}  // namespace vmoffer
