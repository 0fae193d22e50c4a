// claim: a request for memory, and its result. A claim has two sides, in two processes, which report every step to each
// other (engine/wire/FORMAT.md). The states of both sides, and the messages between them:
//
//     ClaimerSide                                  SourceSide
//
//     asking ───────────── CLAIM ────────────▶     new
//       │                                            │   waiting, while what was sent before is unread
//       │                                            │   packing, while a part gets an object of its own
//       │   ◀───── LEASE …, TERMS ───────────────    │
//       │                                          terms sent
//       │  verifies, maps                            │
//     acknowledged ─────── MAPPED ───────────▶       │
//       │                                            │   drops, seals
//       │   ◀───────────── DONE ─────────────────  leased
//     finished                                       │
//       ┊                                            │
//     the region is released ── hang-up ─────▶     over: the offer is released
//
//     If the source drops nothing, its answer to MAPPED decides nothing: the claim is finished once it is acknowledged,
//     unless the claimer wants to know whether the object is sealed. DONE is left unread.
//
//     For a channel, the connection becomes the bell at DONE: both sides ring it and hear it, and the brokers do not.
//
//     given up before DONE:
//
//     declined ─────────── DECLINED ─────────▶     terms sent: over, the offer stands
//       │   ◀───── REFUSED, or a hang-up ────────
//       │                                          leased: too late
//     finished ◀────────── DONE ─────────────────
//
// If a claimer stops waiting for the answer to DECLINED, the claim stays undecided (UndecidedClaims).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "engine/memory/region.h"
#include "engine/sys/bell.h"
#include "engine/transfer/claim/paging_choice.h"
#include "engine/transfer/offers/offer_flags.h"
#include "engine/wire/messages.h"

namespace vmoffer {

struct ClaimRequest {
  int source_pid = 0;
  uint64_t address = 0;
  PagingChoice paging;
  wire::Transfer transfer = wire::Transfer::kMap;
  OfferKind kind = OfferKind::kMemory;
  bool takes_pool_pages = false;
  SuppliedClaim::OnFailure on_supply_failure = SuppliedClaim::OnFailure::kSignal;
  bool awaits_seal = false;  // the claim is not finished before the source has sealed what it can
  // True once nobody takes the claim any more, because the thread that claims has ended. Any thread may set it. Null if
  // that cannot happen.
  std::shared_ptr<std::atomic<bool>> is_left = nullptr;

  // The same range of the same source, as the same kind of thing.
  bool is_for_same_memory(const ClaimRequest& other) const {
    return source_pid == other.source_pid && address == other.address && kind == other.kind;
  }
};

struct ReceivedClaim {
  std::shared_ptr<Region> region;
  int source_pid = 0;
  uint32_t flags = 0;
  bool is_immutable = false;
  Paging paging = Paging::kKernel;
  wire::Transfer transfer = wire::Transfer::kMap;
  Bell bell;  // open for a channel
  // Supplied memory that must be brought and pinned wholly before it is touched: no pager of this process answers its
  // faults.
  bool is_to_be_filled = false;
};

}  // namespace vmoffer
