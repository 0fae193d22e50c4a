#include "engine/transfer/runtime.h"

#include <algorithm>
#include <string>

#include "engine/base/checkpoint.h"
#include "engine/memory/write_guards.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "engine/transfer/claim/hand_off.h"
#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {
namespace {

std::string hex(uint64_t address) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(address));
  return text;
}

// If a guard cannot be made now, it may still be possible when the part is claimed.
bool can_hold_up_writers() { return write_guard().status().code() != Code::kUnsupported; }

bool is_in_pool(const Extents& extents, ByteRange range) {
  const std::vector<Extent> pieces = extents.pieces(range);
  return std::any_of(pieces.begin(), pieces.end(), [](const Extent& piece) {
    return piece.holding->object() != nullptr && piece.holding->object()->is_hugetlb();
  });
}

Status check_supplied(const Runtime::OfferRequest& request, const SuppliedMemory* memory) {
  if (memory == nullptr) {
    return Status(Code::kInvalidArgument, "the memory at " + hex(request.address) +
                                              " is supplied, and can be offered as a whole only; offer the region");
  }
  if (memory->is_closed()) {
    return Status(Code::kInvalidArgument, "the memory at " + hex(request.address) + " has just been released");
  }
  if (request.kind != OfferKind::kMemory) {
    return Status(Code::kUnsupported, "the memory at " + hex(request.address) +
                                          " is supplied, which no receiver takes as a message; offer it with vmOffer");
  }
  if (granted_by(request.flags) != kRead) {
    return Status(Code::kNotPermitted, "flags " + std::to_string(request.flags) +
                                           " grant more than R, and supplied memory can only be read; grant "
                                           "VMO_GRANT_R alone");
  }
  if ((dropped_by(request.flags) & ~uint32_t{kWrite}) != 0) {
    return Status(Code::kInvalidArgument,
                  "flags " + std::to_string(request.flags) +
                      " drop R or X, but the source goes on supplying the memory; drop nothing, or VMO_DROP_W");
  }
  if (request.destination_pid == own_pid()) {
    return Status(Code::kUnsupported,
                  "supplied memory cannot be claimed by the process that supplies it, which would wait for itself; "
                  "offer it to another process");
  }
  return Status();
}

bool is_any_supplied(const Extents& extents, ByteRange range) {
  const std::vector<Extent> pieces = extents.pieces(range);
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const Extent& piece) { return piece.holding != nullptr && piece.holding->supplied(); });
}

Status check_memory(const Extents& extents, const Runtime::OfferRequest& request) {
  const ByteRange range{request.address - extents.address(), request.byte_length};
  for (const Extent& piece : extents.pieces(range)) {
    if (piece.holding == nullptr) {
      return Status(Code::kNotOwned, "a part of the memory at " + hex(request.address) +
                                         " has gone to another process; offer what this process still has");
    }
  }
  if (is_any_supplied(extents, range)) {
    Status status = check_supplied(request, supplied_in(extents, range).get());
    if (!status.is_ok()) return status;
  }
  if (request.kind != OfferKind::kMemory && is_in_pool(extents, range)) {
    return Status(Code::kUnsupported, "the memory at " + hex(request.address) +
                                          " is in the huge page pool (its `pages` are 'hugetlb'), which no receiver "
                                          "takes as a message: either side could end the other by taking pages back. "
                                          "Allocate it with ordinary pages, or offer it with vmOffer");
  }
  return check_flags(request.flags, extents.rights(range));
}

Status gone(uint64_t address) {
  return Status(Code::kNotOwned,
                "the memory at " + hex(address) + " has gone to another process; offer what this process still has");
}

// A part is normally carved when it is claimed, while its writers are held up. If nothing can hold them up, it is
// carved now: the thread that offers the part is not writing to it.
Status separate_if_needed(const std::shared_ptr<Region>& region, const Stake& stake,
                          const Runtime::OfferRequest& request) {
  const Offer offer{0, 0, request.address, request.byte_length, request.flags, OfferState::kPending};
  const OfferedMemory offered{offer, stake, region};
  if (!is_part(offered) || can_hold_up_writers()) return Status();
  Status status = carve_now(offered);
  if (status.code() == Code::kNotOffered) return gone(request.address);
  return status.code() == Code::kBusy ? status.with("nothing was offered") : status;
}

// Whoever is claiming it may have the memory, and have told this program so.
template <typename... Which>
void hear_its_claimer(Broker& broker, Which... which) {
  if (broker.outgoing().is_being_claimed(which...)) broker.catch_up();
}

}  // namespace

Runtime& Runtime::instance() {
  // Linked with -z nodelete: the code stays mapped as long as the threads that run it.
  static Runtime* const forever = new Runtime;
  return *forever;
}

Result<std::shared_ptr<Region>> Runtime::allocate(uint64_t byte_length, bool executable, bool huge_pages) {
  Result<std::shared_ptr<Region>> region = Region::allocate(byte_length, executable, huge_pages);
  if (region.is_ok()) regions_.add(region.value());
  return region;
}

Result<Runtime::Supplied> Runtime::supply(const SuppliedMemory::Options& options) {
  Result<std::shared_ptr<SuppliedMemory>> memory = SuppliedMemory::create(options);
  if (!memory.is_ok()) return memory.status();
  Result<std::shared_ptr<Region>> region = region_of(memory.value());
  if (!region.is_ok()) return region.status();
  regions_.add(region.value());
  return Supplied{memory.take(), region.take()};
}

std::shared_ptr<SuppliedMemory> Runtime::supplied_at(uint64_t address, uint64_t number) {
  const std::shared_ptr<Region> region = regions_.find(address);
  const std::shared_ptr<Extents> extents = region == nullptr ? nullptr : region->extents();
  if (extents == nullptr) return nullptr;
  std::shared_ptr<SuppliedMemory> memory = supplied_in(*extents, {0, extents->byte_length()});
  return memory != nullptr && memory->number() == number ? memory : nullptr;
}

void Runtime::release(const Supplied& supplied) {
  if (!supplied.memory->close()) return;  // something else may be at its address since
  const uint64_t address = supplied.region->address();
  if (Broker* const broker = started_broker()) {
    broker->outgoing().revoke({address, address, supplied.region->byte_length(), kRead});
  }
  supplied.region->release(/*keep_addresses=*/false);
}

Result<std::shared_ptr<Region>> Runtime::region_to_offer(const OfferRequest& request) {
  std::shared_ptr<Region> region = regions_.find(request.address);
  if (region == nullptr) {
    return Status(Code::kInvalidArgument,
                  "the memory at " + hex(request.address) +
                      " is not vmoffer's; only what allocate() or a claim gave, and has not been "
                      "released, can be offered");
  }
  if (region->state() == RegionState::kDisowned) {
    return gone(request.address);
  }
  if (region->supplied() != nullptr) {
    return Status(Code::kUnsupported, "the memory at " + hex(request.address) +
                                          " is supplied by another process and cannot be passed on; let that process "
                                          "offer it");
  }
  const uint64_t offset = request.address - region->address();
  if (request.byte_length > region->byte_length() - offset) {
    return Status(Code::kInvalidArgument, std::to_string(request.byte_length) + " bytes at " + hex(request.address) +
                                              " reach beyond their region, which has " +
                                              std::to_string(region->byte_length() - offset) + " bytes from there");
  }
  return region;
}

Result<OfferId> Runtime::offer(const OfferRequest& request, std::shared_ptr<OfferObserver> observer) {
  Result<std::shared_ptr<Region>> region = region_to_offer(request);
  if (!region.is_ok()) return region.status();
  // The stake keeps the memory alive from here on, whatever becomes of the region.
  Result<Stake> stake = region.value()->take_stake();
  if (!stake.is_ok()) return stake.status();
  Status checked = check_memory(*stake.value(), request);
  if (!checked.is_ok()) return checked;
  checkpoint("offer.checked");
  Status separated = separate_if_needed(region.value(), stake.value(), request);
  if (!separated.is_ok()) return separated;
  Result<Broker*> broker = this->broker();
  if (!broker.is_ok()) return broker.status();
  hear_its_claimer(*broker.value(), request.destination_pid, request.address);
  const ByteRange range{request.address - stake.value()->address(), request.byte_length};
  const uint32_t flags =
      request.flags | kind_bits(request.kind) | (is_any_supplied(*stake.value(), range) ? kSupplied : 0);
  Result<OutgoingOffers::Made> made =
      broker.value()->outgoing().offer(request.destination_pid, {request.address, request.byte_length, flags},
                                       stake.take(), region.value(), std::move(observer));
  if (!made.is_ok()) return made.status();
  broker.value()->announce(made.value().destination);
  return made.value().id;
}

Broker* Runtime::started_broker() {
  const MutexLock lock(mutex_);
  return broker_.get();
}

OfferState Runtime::state_of(OfferId id) {
  Broker* const broker = started_broker();
  if (broker == nullptr) return OfferState::kPending;
  hear_its_claimer(*broker, id);
  return broker->outgoing().state_of(id);
}

CancelOutcome Runtime::cancel(OfferId id) {
  const MutexLock lock(mutex_);
  return broker_ == nullptr ? CancelOutcome::kNotThere : broker_->outgoing().cancel(id);
}

CancelOutcome Runtime::cancel(int destination_pid, uint64_t address) {
  Broker* const broker = started_broker();
  if (broker == nullptr) return CancelOutcome::kNotThere;
  hear_its_claimer(*broker, destination_pid, address);
  return broker->outgoing().cancel(destination_pid, address);
}

void Runtime::withdraw(OfferId id) {
  const MutexLock lock(mutex_);
  if (broker_ != nullptr) broker_->outgoing().withdraw(id);
}

Status Runtime::start_pager(UserFault::Reach reach, PagerSlot& slot) {
  Result<UserFault> userfault = UserFault::open(reach);
  if (!userfault.is_ok()) return userfault.status();
  auto pager = std::make_unique<Pager>(userfault.take());
  Status started = start_fault_thread(*pager);
  if (started.is_ok()) slot.pager = std::move(pager);
  return started;
}

Result<Pager*> Runtime::pager(UserFault::Reach reach) {
  const MutexLock lock(mutex_);
  PagerSlot& slot = pagers_.at(static_cast<size_t>(reach));
  if (slot.pager != nullptr) return slot.pager.get();
  if (!slot.refusal.is_ok()) return slot.refusal;
  Status status = start_pager(reach, slot);
  if (status.is_ok()) return slot.pager.get();
  if (status.code() == Code::kUnsupported) slot.refusal = status;
  return status;
}

Result<PagingChoice> Runtime::choose_paging(PagingWish wish, wire::Transfer transfer) {
  if (wish == PagingWish::kKernel) return PagingChoice{Paging::kKernel, nullptr, true};
  if (wish == PagingWish::kEager) return PagingChoice{Paging::kEager, nullptr, true};
  const bool is_demanded = wish == PagingWish::kUserFault;
  Result<Pager*> best = pager(UserFault::Reach::kUserAndKernel);
  if (best.is_ok()) return PagingChoice{Paging::kUserFault, best.value(), is_demanded};
  // A pager for faults in user mode alone would make system calls on the claimed memory fail. A claim gets it only if
  // it asks for it. The kernel cannot pull pages, so without a pager all of them are pulled at once.
  const Paging otherwise = transfer == wire::Transfer::kPull ? Paging::kEager : Paging::kKernel;
  if (!is_demanded) return PagingChoice{otherwise, nullptr, false};
  Result<Pager*> half = pager(UserFault::Reach::kUserOnly);
  if (!half.is_ok()) return half.status();
  return PagingChoice{Paging::kUserFault, half.value(), true};
}

void Runtime::enlist(const ReceivedClaim& claim) {
  held_claims_.add(claim);
  regions_.add(claim.region);
  // Other processes inspect claims through the broker. Without one the claim works, and only cannot be seen.
  [[maybe_unused]] const Result<Broker*> started = broker();
}

Result<Broker*> Runtime::broker() {
  const MutexLock lock(mutex_);
  if (broker_ != nullptr) return broker_.get();
  Result<std::unique_ptr<Broker>> started = Broker::start(held_claims_);
  if (!started.is_ok()) return started.status();
  broker_ = started.take();
  return broker_.get();
}

std::vector<SentOffer> Runtime::sent_offers() {
  Broker* const broker = started_broker();
  if (broker == nullptr) return {};
  hear_its_claimer(*broker);
  return broker->outgoing().list_all();
}

}  // namespace vmoffer
