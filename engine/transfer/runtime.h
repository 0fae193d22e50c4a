// Runtime: the objects of which a process has one, made on first use: the map of regions, the pagers with their
// threads, the broker. It is never destroyed, because its threads run until the process ends. Any thread.
#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/memory/region_map.h"
#include "engine/memory/supplied_region.h"
#include "engine/pager/fault_thread.h"
#include "engine/pager/pager.h"
#include "engine/transfer/broker.h"

namespace vmoffer {

enum class PagingWish : uint8_t { kAuto, kUserFault, kKernel, kEager };

class Runtime {
 public:
  // The runtime of this process. Lives for ever.
  static Runtime& instance();

  Result<std::shared_ptr<Region>> allocate(uint64_t byte_length, bool executable, bool huge_pages);

  struct Supplied {
    std::shared_ptr<SuppliedMemory> memory;
    std::shared_ptr<Region> region;
  };
  Result<Supplied> supply(const SuppliedMemory::Options& options);
  // Null if it has been released. `number`: other memory may be at the address since.
  std::shared_ptr<SuppliedMemory> supplied_at(uint64_t address, uint64_t number);
  // Hangs up on its claimers, revokes its offers, and gives its addresses back.
  void release(const Supplied& supplied);

  struct OfferRequest {
    int destination_pid = 0;
    uint64_t address = 0;
    uint64_t byte_length = 0;
    uint32_t flags = 0;
    OfferKind kind = OfferKind::kMemory;
  };
  // Fails unless the range lies in a region of this process that still has all of it.
  Result<OfferId> offer(const OfferRequest& request, std::shared_ptr<OfferObserver> observer);
  // Pending or being claimed. REQUIRES: the offer has not ended.
  OfferState state_of(OfferId id);
  CancelOutcome cancel(OfferId id);
  CancelOutcome cancel(int destination_pid, uint64_t address);
  // Cancels the offer now, or when the claim that is under way gives it back.
  void withdraw(OfferId id);

  // kUnsupported if userfault was asked for by name and this process may not use it.
  Result<PagingChoice> choose_paging(PagingWish wish, wire::Transfer transfer);
  // Enters a received claim, so that it can be offered onward and inspected. REQUIRES: no other thread has its region
  // yet.
  void enlist(const ReceivedClaim& claim);

  // Starts the broker on first use.
  Result<Broker*> broker();
  std::vector<SentOffer> sent_offers();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

 private:
  struct PagerSlot {
    std::unique_ptr<Pager> pager;  // with its thread
    Status refusal;                // kept, because a process does not gain the rights for it later
  };

  Runtime() = default;
  Result<Pager*> pager(UserFault::Reach reach);
  Status start_pager(UserFault::Reach reach, PagerSlot& slot) VMO_REQUIRES(mutex_);
  Broker* started_broker();
  Result<std::shared_ptr<Region>> region_to_offer(const OfferRequest& request);

  RegionMap regions_;
  HeldClaims held_claims_;
  Mutex mutex_;
  std::array<PagerSlot, 2> pagers_ VMO_GUARDED_BY(mutex_);  // by reach
  std::unique_ptr<Broker> broker_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
