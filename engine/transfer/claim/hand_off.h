// hand_off: what the source does to its memory at the two steps of a claim. One thread at a time for each offer.
#pragma once

#include <memory>
#include <vector>

#include "engine/base/status.h"
#include "engine/transfer/offers/outgoing_offers.h"
#include "engine/wire/messages.h"

namespace vmoffer {

// What is sent to a claimer, and what stands for it here.
struct Parcel {
  std::shared_ptr<MemoryObject> object;
  UniqueFd descriptor;            // with the rights that the flags grant and no more
  std::vector<ForeignFd> leases;  // for those whom the memory came from
  Loan loan;
};

// True when a part must be carved out of a larger object first, which takes as long as copying it.
bool is_part(const OfferedMemory& offered);
// True when bytes must be copied first: those of a part, or of an object that should be immutable and cannot be sealed.
bool takes_time(const OfferedMemory& offered, wire::Transfer transfer);

// Before the terms are sent. A part of a larger object gets one of its own first; nothing else changes for the source.
// kBusy when somebody has a share of what would have to be taken apart or given away, kNotOffered when a part is gone.
// What nobody may write any more and still cannot be sealed, because somebody has pinned a page, is copied, and the
// copy sealed: it is what the source has from then on. Who pulls the memory gets a copy: to read it is enough, and what
// is disowned it takes out as it goes.
Result<Parcel> pack(const OfferedMemory& offered, wire::Transfer transfer);
// So that a range can be packed without anybody waiting; for a caller that knows that nobody writes meanwhile.
Status carve_now(const OfferedMemory& offered);

// When the claimer has the memory: takes from the source what the flags drop. On failure the source has all it had.
Status drop_rights(const OfferedMemory& offered);
// After that: true when nobody may write any more, so that the object is to be sealed, which may take its time. Rights
// never come back, so it stays true.
bool is_to_be_sealed(const OfferedMemory& offered, const MemoryObject& object, wire::Transfer transfer);

}  // namespace vmoffer
