#include "engine/transfer/offers/offer_book.h"

#include <algorithm>

#include "engine/transfer/offers/offer_flags.h"

namespace vmoffer {

Result<OfferId> OfferBook::add(DestinationId destination, uint64_t address, uint64_t byte_length, uint32_t flags) {
  if (by_address_.contains({destination, address})) {
    return Status(
        Code::kBusy,
        "this address is offered to this process already; cancel that offer first, or wait until it is claimed");
  }
  const OfferId id = ++last_id_;
  offers_.emplace(id, Offer{id, destination, address, byte_length, flags, OfferState::kPending});
  by_address_.emplace(Key{destination, address}, id);
  by_start_.emplace(address, id);
  by_destination_[destination].insert(id);
  return id;
}

std::optional<Offer> OfferBook::find(OfferId id) const {
  const auto found = offers_.find(id);
  return found == offers_.end() ? std::nullopt : std::optional<Offer>(found->second);
}

std::optional<OfferId> OfferBook::find(DestinationId destination, uint64_t address) const {
  const auto found = by_address_.find({destination, address});
  return found == by_address_.end() ? std::nullopt : std::optional<OfferId>(found->second);
}

Result<Offer> OfferBook::begin_claim(DestinationId destination, uint64_t address) {
  const std::optional<OfferId> id = find(destination, address);
  if (!id) return Status(Code::kNotOffered, "nothing is offered to this process at this address");
  Offer& offer = offers_.at(*id);
  if (offer.state == OfferState::kClaiming) {
    return Status(Code::kBusy, "another claim of this offer is under way; it will succeed or leave the offer standing");
  }
  offer.state = OfferState::kClaiming;
  return offer;
}

bool OfferBook::finish_claim(OfferId id) {
  const auto found = offers_.find(id);
  if (found == offers_.end() || found->second.state != OfferState::kClaiming) return false;
  erase(found);
  return true;
}

bool OfferBook::return_claim(OfferId id) {
  const auto found = offers_.find(id);
  if (found == offers_.end() || found->second.state != OfferState::kClaiming) return false;
  found->second.state = OfferState::kPending;
  return true;
}

CancelOutcome OfferBook::cancel(OfferId id) {
  const auto found = offers_.find(id);
  if (found == offers_.end()) return CancelOutcome::kNotThere;
  if (found->second.state == OfferState::kClaiming) return CancelOutcome::kTooLate;
  erase(found);
  return CancelOutcome::kCancelled;
}

std::vector<OfferId> OfferBook::expire(DestinationId destination) {
  std::vector<OfferId> ids;
  const auto found = by_destination_.find(destination);
  if (found == by_destination_.end()) return ids;
  ids.assign(found->second.begin(), found->second.end());
  for (const OfferId id : ids) erase(offers_.find(id));
  return ids;
}

std::vector<OfferId> OfferBook::revoke(const Loss& loss) {
  std::vector<OfferId> ids;
  for (auto at = by_start_.lower_bound({loss.search_from, 0});
       at != by_start_.end() && at->first < loss.address + loss.byte_length; ++at) {
    const Offer& offer = offers_.at(at->second);
    const bool is_hit =
        offer.address + offer.byte_length > loss.address && (granted_by(offer.flags) & loss.rights) != 0;
    if (is_hit && offer.state == OfferState::kPending) ids.push_back(offer.id);
  }
  for (const OfferId id : ids) erase(offers_.find(id));
  return ids;
}

std::vector<Offer> OfferBook::list(DestinationId destination, OfferId after, size_t limit) const {
  std::vector<Offer> offers;
  const auto found = by_destination_.find(destination);
  if (found == by_destination_.end()) return offers;
  for (auto id = found->second.upper_bound(after); id != found->second.end() && offers.size() < limit; ++id) {
    offers.push_back(offers_.at(*id));
  }
  return offers;
}

size_t OfferBook::count(DestinationId destination) const {
  const auto found = by_destination_.find(destination);
  return found == by_destination_.end() ? 0 : found->second.size();
}

std::vector<Offer> OfferBook::list_all() const {
  std::vector<Offer> offers;
  offers.reserve(offers_.size());
  for (const auto& [id, offer] : offers_) offers.push_back(offer);
  return offers;
}

bool OfferBook::is_any_being_claimed() const {
  return std::any_of(offers_.begin(), offers_.end(),
                     [](const auto& each) { return each.second.state == OfferState::kClaiming; });
}

void OfferBook::erase(std::map<OfferId, Offer>::iterator at) {
  const Offer& offer = at->second;
  by_address_.erase({offer.destination, offer.address});
  by_start_.erase({offer.address, offer.id});
  const auto of_destination = by_destination_.find(offer.destination);
  of_destination->second.erase(offer.id);
  if (of_destination->second.empty()) by_destination_.erase(of_destination);
  offers_.erase(at);
}

}  // namespace vmoffer
