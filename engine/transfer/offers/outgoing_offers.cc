#include "engine/transfer/offers/outgoing_offers.h"

#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {

DestinationId OutgoingOffers::find_live_destination(int pid) {
  const auto [begin, end] = by_pid_.equal_range(pid);
  for (auto at = begin; at != end; ++at) {
    if (is_alive(destinations_.at(at->second))) return at->second;
  }
  return 0;
}

Result<DestinationId> OutgoingOffers::destination_for(int pid) {
  const DestinationId known = find_live_destination(pid);
  if (known != 0) return known;
  Result<ProcessIdentity> process = identify_process(pid);
  if (!process.is_ok()) return process.status();
  const DestinationId id = ++last_destination_;
  watch_(id, process.value().pidfd.get());
  destinations_.emplace(id, process.take());
  by_pid_.emplace(pid, id);
  return id;
}

Result<OutgoingOffers::Made> OutgoingOffers::offer(int destination_pid, const Terms& terms, Stake stake,
                                                   std::weak_ptr<Region> region,
                                                   std::shared_ptr<OfferObserver> observer) {
  const MutexLock lock(mutex_);
  Result<DestinationId> destination = destination_for(destination_pid);
  if (!destination.is_ok()) return destination.status();
  Result<OfferId> id = book_.add(destination.value(), terms.address, terms.byte_length, terms.flags);
  if (!id.is_ok()) return id.status();
  backings_.emplace(id.value(), Backing{std::move(stake), std::move(region), std::move(observer), false});
  if (can_grant(id.value())) return Made{id.value(), destination.value()};
  // A claim has taken the memory since the caller looked. Claims from here on find the offer in the book, and revoke
  // it.
  book_.cancel(id.value());
  backings_.erase(id.value());
  return Status(Code::kNotOwned, "another process has just claimed this memory, or the right to it");
}

std::shared_ptr<OfferObserver> OutgoingOffers::conclude(OfferId id, OfferState ending) {
  auto entry = backings_.extract(id);
  std::shared_ptr<OfferObserver> observer = std::move(entry.mapped().observer);
  observer->on_ended(ending);
  if (ending != OfferState::kClaimed) observer->on_released();
  return observer;
}

CancelOutcome OutgoingOffers::cancel_and_tell(OfferId id) {
  const CancelOutcome outcome = book_.cancel(id);
  if (outcome == CancelOutcome::kCancelled) conclude(id, OfferState::kCancelled);
  return outcome;
}

OfferState OutgoingOffers::state_of(OfferId id) {
  const MutexLock lock(mutex_);
  const std::optional<Offer> offer = book_.find(id);
  return offer ? offer->state : OfferState::kPending;
}

CancelOutcome OutgoingOffers::cancel(OfferId id) {
  const MutexLock lock(mutex_);
  return cancel_and_tell(id);
}

CancelOutcome OutgoingOffers::cancel(int destination_pid, uint64_t address) {
  const MutexLock lock(mutex_);
  const auto [begin, end] = by_pid_.equal_range(destination_pid);
  for (auto at = begin; at != end; ++at) {
    const std::optional<OfferId> id = book_.find(at->second, address);
    if (id) return cancel_and_tell(*id);
  }
  return CancelOutcome::kNotThere;
}

bool OutgoingOffers::is_being_claimed() {
  const MutexLock lock(mutex_);
  return book_.is_any_being_claimed();
}

bool OutgoingOffers::is_being_claimed(int destination_pid, uint64_t address) {
  const MutexLock lock(mutex_);
  const auto [begin, end] = by_pid_.equal_range(destination_pid);
  for (auto at = begin; at != end; ++at) {
    const std::optional<OfferId> id = book_.find(at->second, address);
    if (id && book_.find(*id)->state == OfferState::kClaiming) return true;
  }
  return false;
}

void OutgoingOffers::withdraw(OfferId id) {
  const MutexLock lock(mutex_);
  if (cancel_and_tell(id) == CancelOutcome::kTooLate) backings_.at(id).is_withdrawn = true;
}

DestinationId OutgoingOffers::find_same(const ProcessIdentity& process) {
  const auto [begin, end] = by_pid_.equal_range(process.pid);
  for (auto at = begin; at != end; ++at) {
    if (is_same_process(destinations_.at(at->second), process)) return at->second;
  }
  return 0;
}

DestinationId OutgoingOffers::destination_of(const ProcessIdentity& process) {
  const MutexLock lock(mutex_);
  return find_same(process);
}

Result<DestinationId> OutgoingOffers::expect_destination(const ProcessIdentity& process) {
  const MutexLock lock(mutex_);
  Result<DestinationId> destination = destination_for(process.pid);
  if (!destination.is_ok()) return destination;
  const DestinationId same = find_same(process);
  if (same == 0) return Status(Code::kNoProcess, "the process has ended");
  return same;
}

size_t OutgoingOffers::count_offers_to(const ProcessIdentity& process) {
  const MutexLock lock(mutex_);
  const DestinationId destination = find_same(process);
  return destination == 0 ? 0 : book_.count(destination);
}

std::optional<ProcessIdentity> OutgoingOffers::take_unless_offered(DestinationId destination) {
  const MutexLock lock(mutex_);
  if (book_.count(destination) > 0) return std::nullopt;
  return take_destination(destination);
}

const ProcessIdentity* OutgoingOffers::identity_of(DestinationId destination) {
  const MutexLock lock(mutex_);
  const auto found = destinations_.find(destination);
  return found == destinations_.end() ? nullptr : &found->second;
}

OfferId OutgoingOffers::offered_at(DestinationId destination, uint64_t address) {
  const MutexLock lock(mutex_);
  return book_.find(destination, address).value_or(0);
}

std::optional<OfferedMemory> OutgoingOffers::find(OfferId id) {
  const MutexLock lock(mutex_);
  const std::optional<Offer> offer = book_.find(id);
  if (!offer) return std::nullopt;
  const Backing& backing = backings_.at(id);
  return OfferedMemory{*offer, backing.stake, backing.region};
}

size_t OutgoingOffers::lease_count(OfferId id) {
  const std::optional<OfferedMemory> offered = find(id);
  if (!offered) return 0;
  const std::shared_ptr<Holding> holding = offered->stake->exact(offered->range());
  return holding == nullptr ? 0 : holding->lease_count();
}

Result<OfferedMemory> OutgoingOffers::begin_claim(DestinationId destination, uint64_t address) {
  const MutexLock lock(mutex_);
  Result<Offer> offer = book_.begin_claim(destination, address);
  if (!offer.is_ok()) return offer.status();
  const Backing& backing = backings_.at(offer.value().id);
  return OfferedMemory{offer.value(), backing.stake, backing.region};
}

void OutgoingOffers::return_claim(OfferId id) {
  const MutexLock lock(mutex_);
  if (!book_.return_claim(id)) return;
  const bool is_withdrawn = backings_.at(id).is_withdrawn;
  if (!is_withdrawn && can_grant(id)) return;
  book_.cancel(id);
  conclude(id, is_withdrawn ? OfferState::kCancelled : OfferState::kRevoked);
}

// Another claim may have taken rights from the source since the offer was checked.
bool OutgoingOffers::can_grant(OfferId id) const {
  const Offer offer = *book_.find(id);
  const Extents& extents = *backings_.at(id).stake;
  const Rights held = extents.rights({offer.address - extents.address(), offer.byte_length});
  return check_flags(offer.flags & ~kEnginesBits, held).is_ok();
}

std::shared_ptr<OfferObserver> OutgoingOffers::finish_claim(OfferId id, Bell bell) {
  const MutexLock lock(mutex_);
  if (!book_.finish_claim(id)) return nullptr;
  if (bell.is_open()) backings_.at(id).observer->on_bell(std::move(bell));
  return conclude(id, OfferState::kClaimed);
}

void OutgoingOffers::forget_destination(DestinationId destination) {
  const MutexLock lock(mutex_);
  for (const OfferId id : book_.expire(destination)) conclude(id, OfferState::kExpired);
  take_destination(destination);
}

std::optional<ProcessIdentity> OutgoingOffers::take_destination(DestinationId destination) {
  const auto found = destinations_.find(destination);
  if (found == destinations_.end()) return std::nullopt;
  const auto [begin, end] = by_pid_.equal_range(found->second.pid);
  for (auto at = begin; at != end; ++at) {
    if (at->second != destination) continue;
    by_pid_.erase(at);
    break;
  }
  ProcessIdentity identity = std::move(found->second);
  destinations_.erase(found);
  return identity;
}

void OutgoingOffers::revoke(const OfferBook::Loss& loss) {
  const MutexLock lock(mutex_);
  for (const OfferId id : book_.revoke(loss)) conclude(id, OfferState::kRevoked);
}

std::vector<Offer> OutgoingOffers::list(DestinationId destination, OfferId after, size_t limit) {
  const MutexLock lock(mutex_);
  return book_.list(destination, after, limit);
}

std::vector<SentOffer> OutgoingOffers::list_all() {
  const MutexLock lock(mutex_);
  std::vector<SentOffer> lines;
  for (const Offer& offer : book_.list_all()) {
    lines.push_back({offer, destinations_.at(offer.destination).pid});
  }
  return lines;
}

}  // namespace vmoffer
