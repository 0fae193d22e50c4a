// OutgoingOffers: the offers of this process, with the memory that each keeps alive. Thread-safe: user threads offer,
// cancel and list; the broker answers claims and expires offers.
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

// Is told once of each event of one offer, on any thread. Must neither block nor call back, because the offers may be
// locked: that way its observer has always been told when an offer leaves the book.
class OfferObserver {
 public:
  virtual ~OfferObserver() = default;
  // For an offer of a channel, before on_ended(kClaimed).
  virtual void on_bell(Bell /*bell*/) {}
  // kClaimed, kCancelled, kExpired or kRevoked.
  virtual void on_ended(OfferState ending) = 0;
  // The claimer has released the memory, or is gone, or nobody claimed it.
  virtual void on_released() = 0;
};

// What the broker needs to answer a claim.
struct OfferedMemory {
  Offer offer;
  Stake stake;
  std::weak_ptr<Region> region;  // weak, because an offer outlives its region

  ByteRange range() const { return {offer.address - stake->address(), offer.byte_length}; }
};

struct SentOffer {
  Offer offer;
  int destination_pid = 0;
};

class OutgoingOffers {
 public:
  // Called once for each destination, by any thread, before its first offer is in the book. `pidfd` becomes readable
  // when the process ends; it is borrowed, and open until forget_destination().
  using DestinationWatch = std::function<void(DestinationId, int pidfd)>;

  // `series`: a different number for each copy of the library in this process.
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
  // kNotOwned if the source has lost a granted right since the stake was taken. `region`: the region of the stake.
  Result<Made> offer(int destination_pid, const Terms& terms, Stake stake, std::weak_ptr<Region> region,
                     std::shared_ptr<OfferObserver> observer);

  // REQUIRES: the offer has not ended.
  OfferState state_of(OfferId id);
  CancelOutcome cancel(OfferId id);
  CancelOutcome cancel(int destination_pid, uint64_t address);
  // Cancels the offer now, or when the claim that is under way gives it back.
  void withdraw(OfferId id);

  // 0 if nothing was ever offered to this process.
  DestinationId destination_of(const ProcessIdentity& process);
  // Makes a destination of a process that wants to hear of future offers to it. kNoProcess if it has ended.
  Result<DestinationId> expect_destination(const ProcessIdentity& process);
  size_t count_offers_to(const ProcessIdentity& process);
  // Forgets a destination to which nothing is offered. Returns owned: its identity, with the pidfd.
  std::optional<ProcessIdentity> take_unless_offered(DestinationId destination);
  // Valid until forget_destination(), which only the broker calls.
  const ProcessIdentity* identity_of(DestinationId destination);

  // 0 if nothing is offered there.
  OfferId offered_at(DestinationId destination, uint64_t address);
  // How many leases a claimer of it is sent. A part that has yet to be carved has none.
  size_t lease_count(OfferId id);
  Result<OfferedMemory> begin_claim(DestinationId destination, uint64_t address);
  // The offer stands again, unless it was withdrawn, or a right that it grants was lost meanwhile (revoked).
  void return_claim(OfferId id);
  // Ends the offer as claimed, and returns the observer to tell of its release. Null if the offer has ended in another
  // way meanwhile. `bell`: for a channel.
  std::shared_ptr<OfferObserver> finish_claim(OfferId id, Bell bell);
  // Any of them.
  bool is_being_claimed();
  bool is_being_claimed(OfferId id) { return state_of(id) == OfferState::kClaiming; }
  bool is_being_claimed(int destination_pid, uint64_t address);
  // The source has lost rights on memory: pending offers that grant them end as revoked.
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

  std::optional<OfferedMemory> find(OfferId id);
  Result<DestinationId> destination_for(int pid) VMO_REQUIRES(mutex_);
  DestinationId find_live_destination(int pid) VMO_REQUIRES(mutex_);
  std::optional<ProcessIdentity> take_destination(DestinationId destination) VMO_REQUIRES(mutex_);
  DestinationId find_same(const ProcessIdentity& process) VMO_REQUIRES(mutex_);
  CancelOutcome cancel_and_tell(OfferId id) VMO_REQUIRES(mutex_);
  bool can_grant(OfferId id) const VMO_REQUIRES(mutex_);
  // Takes out the backing of an offer that has left the book, and tells its observer how the offer ended.
  std::shared_ptr<OfferObserver> conclude(OfferId id, OfferState ending) VMO_REQUIRES(mutex_);

  const DestinationWatch watch_;
  Mutex mutex_;
  OfferBook book_ VMO_GUARDED_BY(mutex_);
  DestinationId last_destination_ VMO_GUARDED_BY(mutex_) = 0;
  std::map<DestinationId, ProcessIdentity> destinations_ VMO_GUARDED_BY(mutex_);
  std::multimap<int, DestinationId> by_pid_
      VMO_GUARDED_BY(mutex_);  // for a moment, a pid may stand for an ended process, too
  std::unordered_map<OfferId, Backing> backings_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
