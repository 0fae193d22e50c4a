// hand_off: what the source does with its memory at the two steps of a claim. One thread at a time for each offer.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/status.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// What the source sends to a claimer, and the loan that stands for it here.
struct Parcel {
  std::shared_ptr<MemoryObject> object;
  UniqueFd descriptor;            // has the rights that the flags grant, and no more
  std::vector<ForeignFd> leases;  // for the processes that the memory came from
  Loan loan;
  std::shared_ptr<SuppliedMemory> supplied;  // null unless it is supplied
};

// True if a part must first be carved out of a larger object, which takes as long as copying it.
bool is_part(const OfferedMemory& offered);
// True if bytes must be copied first: those of a part, or of an object that should be immutable but cannot be sealed.
bool takes_time(const OfferedMemory& offered, wire::Transfer transfer);

// Prepares the parcel, before the terms are sent. A part of a larger object first gets an object of its own; nothing
// else changes for the source. kBusy if another process shares memory that would have to be carved or given away,
// kNotOffered if a part is gone.
//
// If nobody may write the memory any more, but a pinned page keeps it from being sealed, it is copied and the copy is
// sealed; the source has the copy from then on. A claimer that pulls copies the memory, for which the right to read is
// enough; it removes disowned pages from the object as it goes.
Result<Parcel> pack(const OfferedMemory& offered, wire::Transfer transfer);
// Carves the range ahead of time, so that pack() need not hold up writers. REQUIRES: nobody writes meanwhile.
Status carve_now(const OfferedMemory& offered);

// Takes from the source the rights that the flags drop, once the claimer has the memory. On failure the source still
// has everything.
Status drop_rights(const OfferedMemory& offered);
// After that: true if nobody may write the object any more, so that it should be sealed, which may take long. Rights
// never come back, so it stays true.
bool is_to_be_sealed(const OfferedMemory& offered, const MemoryObject& object, wire::Transfer transfer);

}  // namespace vmoffer
