// Runtime: the one of each thing that a process has, made on first use: the regions, the pagers with their threads, the
// broker. It is never destroyed: its threads run until the process ends. Any thread may call any method.
#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/memory/region_map.h"
#include "engine/pager/fault_thread.h"
#include "engine/pager/pager.h"
#include "engine/transfer/broker.h"

namespace vmoffer {

enum class PagingWish : uint8_t { kAuto, kUserFault, kKernel, kEager };

class Runtime {
 public:
  // The process's. Lives for ever.
  static Runtime& instance();

  Result<std::shared_ptr<Region>> allocate(uint64_t byte_length, bool executable, bool huge_pages);

  struct OfferRequest {
    int destination_pid = 0;
    uint64_t address = 0;
    uint64_t byte_length = 0;
    uint32_t flags = 0;
    OfferKind kind = OfferKind::kMemory;
  };
  // The range must lie in a region of this process that still has all of it.
  Result<OfferId> offer(const OfferRequest& request, std::shared_ptr<OfferObserver> observer);
  // Of an offer that has not ended: pending or being claimed.
  OfferState state_of(OfferId id);
  CancelOutcome cancel(OfferId id);
  CancelOutcome cancel(int destination_pid, uint64_t address);
  // Cancels it now, or when the claim that is under way gives it back.
  void withdraw(OfferId id);

  // kUnsupported when it was asked for by name and this process may not have it.
  Result<PagingChoice> choose_paging(PagingWish wish, wire::Transfer transfer);
  // Makes what was received known, so that it can be offered onward and looked at. REQUIRES: nobody else has its region
  // yet.
  void enlist(const ReceivedClaim& claim);

  // The broker, started on first use.
  Result<Broker*> broker();
  std::vector<SentOffer> sent_offers();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

 private:
  struct PagerSlot {
    std::unique_ptr<Pager> pager;  // with its thread
    Status refusal;                // remembered: a process is not given rights that it did not have
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
