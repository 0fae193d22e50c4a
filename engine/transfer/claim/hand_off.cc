#include "engine/transfer/claim/hand_off.h"

#include <algorithm>

#include "engine/base/checkpoint.h"
#include "engine/supply/supplied_memory.h"
#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {
namespace {

Result<UniqueFd> descriptor_to_send(const MemoryObject& object, uint32_t flags, wire::Transfer transfer) {
  if (transfer == wire::Transfer::kPull) {
    return disowns(flags) ? object.descriptor() : object.read_only_descriptor();
  }
  if ((granted_by(flags) & kWrite) == 0) return object.read_only_descriptor();
  // A holder of a writable descriptor could add F_SEAL_FUTURE_WRITE and so take shared memory from its source. Memory
  // that leaves the source may be sealed by its next owner.
  if (!disowns(flags)) {
    Status status = object.forbid_further_seals();
    if (!status.is_ok()) return status;
  }
  return object.descriptor();
}

Status has_just_gone() { return Status(Code::kNotOffered, "what was offered has just gone to another process"); }

// Borrows every holding in the range. While the loans live, none of them is lent to anybody else.
Result<std::vector<Loan>> borrow_pieces(const OfferedMemory& offered) {
  std::vector<Loan> loans;
  std::vector<const Holding*> borrowed;
  for (const Extent& piece : offered.stake->pieces(offered.range())) {
    if (piece.holding == nullptr) {
      return has_just_gone();
    }
    if (!piece.holding->is_sole()) {
      return Status(Code::kBusy,
                    "the source shares this memory as a whole with those it has it from, so that a part cannot be "
                    "passed on by itself");
    }
    if (piece.holding->object() != nullptr && piece.holding->object()->is_hugetlb()) {
      return Status(Code::kUnsupported,
                    "memory from the huge page pool can be offered as a whole only; allocate with ordinary pages");
    }
    if (std::find(borrowed.begin(), borrowed.end(), piece.holding.get()) != borrowed.end()) continue;
    Result<Loan> loan = piece.holding->lend_exclusively();
    if (!loan.is_ok()) return loan.status();
    loans.push_back(loan.take());
    borrowed.push_back(piece.holding.get());
  }
  return loans;
}

Status carve_region(Region& region, const OfferedMemory& offered, const std::shared_ptr<Holding>& part,
                    Writers writers) {
  Result<std::vector<Loan>> loans = borrow_pieces(offered);
  if (!loans.is_ok()) return loans.status();
  checkpoint("source.packing");
  return region.carve(offered.range(), part, writers);
}

// For a region that has been released. Its memory may have moved to other objects since, and those are borrowed.
Status carve_what_it_left(const OfferedMemory& offered, const std::shared_ptr<Holding>& part, Writers writers) {
  Result<std::vector<Loan>> loans = borrow_pieces(offered);
  if (!loans.is_ok()) return loans.status();
  checkpoint("source.packing");
  return carve(*offered.stake, nullptr, offered.range(), part, writers);
}

Status carve_with(const OfferedMemory& offered, const std::shared_ptr<Holding>& part, Writers writers) {
  if (const std::shared_ptr<Region> region = offered.region.lock(); region != nullptr) {
    Status status = carve_region(*region, offered, part, writers);
    if (status.code() != Code::kNotOwned) return status;
  } else {
    offered.stake->await_left();
  }
  return carve_what_it_left(offered, part, writers);
}

Result<Loan> borrow(Holding& holding, uint32_t flags) {
  return disowns(flags) ? holding.lend_exclusively() : holding.lend();
}

struct Borrowed {
  std::shared_ptr<Holding> holding;
  Loan loan;
};

// The part is borrowed before it is carved, so that a rival that comes right after the carving finds it taken.
Result<Borrowed> carve_and_borrow(const OfferedMemory& offered) {
  Result<std::shared_ptr<Holding>> part = new_part(offered.range().length);
  if (!part.is_ok()) return part.status();
  Result<Loan> loan = borrow(*part.value(), offered.offer.flags);
  if (!loan.is_ok()) return loan.status();
  Status status = carve_with(offered, part.value(), Writers::kHeldUp);
  if (!status.is_ok()) return status;
  checkpoint("source.packed");
  return Borrowed{part.take(), loan.take()};
}

// Looks at every piece: the right may have been dropped from a part of the range before.
bool holds_anywhere(const Extents& extents, ByteRange range, Rights right) {
  const std::vector<Extent> pieces = extents.pieces(range);
  return std::any_of(pieces.begin(), pieces.end(), [&](const Extent& piece) { return (piece.rights & right) != 0; });
}

// True if nobody may write the object any more and it could not be sealed. An object that is shared with others cannot
// be replaced for them.
bool should_be_replaced(const OfferedMemory& offered, const Holding& whole, wire::Transfer transfer) {
  const MemoryObject& object = *whole.object();
  if (!object.resists_sealing() || object.is_hugetlb() || !whole.is_sole()) return false;
  const bool is_read_only = (granted_by(offered.offer.flags) & kWrite) == 0 && transfer == wire::Transfer::kMap;
  return is_read_only && !holds_anywhere(*offered.stake, offered.range(), kWrite);
}

// Null if there is no memory for the copy, or it cannot be sealed either.
std::shared_ptr<Holding> sealed_copy(const MemoryObject& object) {
  Result<std::shared_ptr<Holding>> copy = copy_whole(object);
  return copy.is_ok() && copy.value()->object()->seal_against_writing() ? copy.take() : nullptr;
}

Result<Borrowed> borrow_what_is_offered(const OfferedMemory& offered, wire::Transfer transfer) {
  std::shared_ptr<Holding> whole = offered.stake->exact(offered.range());
  if (whole == nullptr) return carve_and_borrow(offered);
  Result<Loan> loan = borrow(*whole, offered.offer.flags);
  if (!loan.is_ok()) return loan.status();
  if (!should_be_replaced(offered, *whole, transfer)) return Borrowed{std::move(whole), loan.take()};
  std::shared_ptr<Holding> copy = sealed_copy(*whole->object());
  if (copy == nullptr) return Borrowed{std::move(whole), loan.take()};
  Result<Loan> loan_of_copy = borrow(*copy, offered.offer.flags);
  if (!loan_of_copy.is_ok()) return loan_of_copy.status();
  offered.stake->exchange(offered.range(), *whole, copy);
  if (offered.stake->exact(offered.range()) != copy) return has_just_gone();
  return Borrowed{std::move(copy), loan_of_copy.take()};
}

Status drop_from_region(Region& region, ByteRange range, uint32_t flags) {
  checkpoint("source.dropping");
  if (disowns(flags)) return region.disown(range);
  const Rights dropped = dropped_by(flags);
  if (dropped & kExecute) {
    Status status = region.drop_execute(range);
    if (!status.is_ok()) return status;
  }
  return dropped & kWrite ? region.drop_write(range) : Status();
}

void drop_from_offers(Extents& extents, ByteRange range, uint32_t flags) {
  if (disowns(flags)) {
    extents.set_gone(range);
  } else {
    extents.drop(range, dropped_by(flags));
  }
}

}  // namespace

bool is_part(const OfferedMemory& offered) { return offered.stake->exact(offered.range()) == nullptr; }

bool takes_time(const OfferedMemory& offered, wire::Transfer transfer) {
  const std::shared_ptr<Holding> whole = offered.stake->exact(offered.range());
  return whole == nullptr || should_be_replaced(offered, *whole, transfer);
}

Status carve_now(const OfferedMemory& offered) {
  if (!is_part(offered)) return Status();
  Result<std::shared_ptr<Holding>> part = new_part(offered.range().length);
  return part.is_ok() ? carve_with(offered, part.take(), Writers::kStill) : part.status();
}

Result<Parcel> pack(const OfferedMemory& offered, wire::Transfer transfer) {
  if (is_supplied(offered.offer.flags) && transfer == wire::Transfer::kPull) {
    return Status(Code::kUnsupported,
                  "supplied memory cannot be pulled, as its pages are in no object yet; claim it "
                  "with transfer 'map', the default");
  }
  Result<Borrowed> borrowed = borrow_what_is_offered(offered, transfer);
  if (!borrowed.is_ok()) return borrowed.status();
  auto& [holding, loan] = borrowed.value();
  if (holding->supplied() != nullptr && holding->supplied()->is_closed()) {
    return Status(Code::kNotOffered, "the source has released this memory, and supplies it no more");
  }
  Result<UniqueFd> descriptor = descriptor_to_send(*holding->object(), offered.offer.flags, transfer);
  if (!descriptor.is_ok()) return descriptor.status();
  Result<std::vector<ForeignFd>> leases = holding->leases_to_pass_on();
  if (!leases.is_ok()) return leases.status();
  return Parcel{holding->object(), descriptor.take(), leases.take(), std::move(loan), holding->supplied()};
}

Status drop_rights(const OfferedMemory& offered) {
  const std::shared_ptr<Region> region = offered.region.lock();
  const uint32_t flags = offered.offer.flags;
  if (region != nullptr) {
    Status status = drop_from_region(*region, offered.range(), flags);
    if (!status.is_ok()) return status;
  }
  // A region that is being released at this moment drops nothing any more, but its offers still have rights to drop.
  drop_from_offers(*offered.stake, offered.range(), flags);
  return Status();
}

// The sealing may fail if an earlier claimer can still write. This claimer learns that from the kernel.
bool is_to_be_sealed(const OfferedMemory& offered, const MemoryObject& object, wire::Transfer transfer) {
  const uint32_t flags = offered.offer.flags;
  if (is_supplied(flags)) return false;  // it is still being filled
  const bool source_writes = holds_anywhere(*offered.stake, offered.range(), kWrite);
  const bool is_mapped = transfer == wire::Transfer::kMap;
  const bool claimer_writes = is_mapped ? (granted_by(flags) & kWrite) != 0 : disowns(flags);
  return !source_writes && !claimer_writes && object.is_writable();
}

}  // namespace vmoffer
