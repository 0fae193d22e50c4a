// OutgoingOffers: what this process offers, with the memory that each offer keeps alive. Thread-safe: user threads
// offer, cancel and list; the broker claims and expires.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/memory/region.h"
#include "engine/sys/bell.h"
#include "engine/sys/process.h"
#include "engine/transfer/offers/offer_book.h"

namespace vmoffer {

// Told what becomes of one offer, each thing once, on any thread. Must neither block nor call back: it may be told
// while the offers are locked, so that an offer which has left the book has always been told so.
class OfferObserver {
 public:
  virtual ~OfferObserver() = default;
  // Before on_ended(kClaimed), of a channel.
  virtual void on_bell(Bell /*bell*/) {}
  // kClaimed, kCancelled, kExpired or kRevoked.
  virtual void on_ended(OfferState ending) = 0;
  // The claimer has let the memory go, or is gone, or there never was one.
  virtual void on_released() = 0;
};

// What the broker needs to answer a claim.
struct OfferedMemory {
  Offer offer;
  Stake stake;
  std::weak_ptr<Region> region;  // what is left of it: an offer outlives its region

  ByteRange range() const { return {offer.address - stake->address(), offer.byte_length}; }
};

struct SentOffer {
  Offer offer;
  int destination_pid = 0;
};

class OutgoingOffers {
 public:
  // Called once for each destination, before its first offer is in the book: `pidfd` (borrowed, open until
  // forget_destination) becomes readable when the process ends. May be called by any thread.
  using DestinationWatch = std::function<void(DestinationId, int pidfd)>;

  // `series`: another number for each copy of the library in this process.
  OutgoingOffers(uint64_t series, DestinationWatch watch) : watch_(std::move(watch)), book_(series) {}

  struct Terms {
    uint64_t address = 0;
    uint64_t byte_length = 0;
    uint32_t flags = 0;
  };
  struct Made {
    OfferId id = 0;
    DestinationId destination = 0;
  };
  // kNoProcess, kBusy, kTooMany.
  // kNotOwned when what it grants has gone since the stake was taken. `region`: what the stake is in.
  Result<Made> offer(int destination_pid, const Terms& terms, Stake stake, std::weak_ptr<Region> region,
                     std::shared_ptr<OfferObserver> observer);

  // Of an offer that has not ended.
  OfferState state_of(OfferId id);
  CancelOutcome cancel(OfferId id);
  CancelOutcome cancel(int destination_pid, uint64_t address);
  // Cancels it now, or when the claim that is under way gives it back.
  void withdraw(OfferId id);

  // 0 when nothing was ever offered to this process.
  DestinationId destination_of(const ProcessIdentity& process);
  // For a process that wants to hear of what will be offered to it. kNoProcess.
  Result<DestinationId> expect_destination(const ProcessIdentity& process);
  size_t count_offers_to(const ProcessIdentity& process);
  // Forgets a destination that nothing is offered to, and returns what it was held by, owned.
  std::optional<ProcessIdentity> take_unless_offered(DestinationId destination);
  // Borrows the identity: valid until forget_destination, which the broker alone calls.
  const ProcessIdentity* identity_of(DestinationId destination);

  // 0 when nothing is.
  OfferId offered_at(DestinationId destination, uint64_t address);
  Result<OfferedMemory> begin_claim(DestinationId destination, uint64_t address);
  // The offer stands again, unless it was withdrawn, or the rights that it grants have been lost meanwhile (revoked).
  void return_claim(OfferId id);
  // Ends the offer as claimed. Null when it has ended otherwise meanwhile; else who is to be told of its release.
  // `bell`: of a channel.
  std::shared_ptr<OfferObserver> finish_claim(OfferId id, Bell bell);
  // Any of them.
  bool is_being_claimed();
  bool is_being_claimed(OfferId id) { return state_of(id) == OfferState::kClaiming; }
  bool is_being_claimed(int destination_pid, uint64_t address);
  // Rights on memory are lost: pending offers that grant them end as revoked.
  void revoke(const OfferBook::Loss& loss);
  // The destination is gone: every offer to it ends as expired.
  void forget_destination(DestinationId destination);

  std::vector<Offer> list(DestinationId destination, OfferId after, size_t limit);
  std::vector<SentOffer> list_all();

  OutgoingOffers(const OutgoingOffers&) = delete;
  OutgoingOffers& operator=(const OutgoingOffers&) = delete;

 private:
  struct Backing {
    Stake stake;
    std::weak_ptr<Region> region;
    std::shared_ptr<OfferObserver> observer;
    bool is_withdrawn = false;
  };

  Result<DestinationId> destination_for(int pid) VMO_REQUIRES(mutex_);
  DestinationId find_live_destination(int pid) VMO_REQUIRES(mutex_);
  std::optional<ProcessIdentity> take_destination(DestinationId destination) VMO_REQUIRES(mutex_);
  DestinationId find_same(const ProcessIdentity& process) VMO_REQUIRES(mutex_);
  CancelOutcome cancel_and_tell(OfferId id) VMO_REQUIRES(mutex_);
  bool can_grant(OfferId id) const VMO_REQUIRES(mutex_);
  // Takes out an offer that has left the book, and tells its observer how it ended.
  std::shared_ptr<OfferObserver> conclude(OfferId id, OfferState ending) VMO_REQUIRES(mutex_);

  const DestinationWatch watch_;
  Mutex mutex_;
  OfferBook book_ VMO_GUARDED_BY(mutex_);
  DestinationId last_destination_ VMO_GUARDED_BY(mutex_) = 0;
  std::map<DestinationId, ProcessIdentity> destinations_ VMO_GUARDED_BY(mutex_);
  std::multimap<int, DestinationId> by_pid_
      VMO_GUARDED_BY(mutex_);  // a number may stand for a process that is gone as well, for a moment
  std::unordered_map<OfferId, Backing> backings_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
