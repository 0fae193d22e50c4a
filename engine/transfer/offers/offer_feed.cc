#include "engine/transfer/offers/offer_feed.h"

#include "engine/wire/codec.h"

namespace vmoffer {

Feed::Next offers_to(OutgoingOffers& offers, DestinationId destination) {
  return [&offers, destination](OfferId after) -> std::optional<Feed::Batch> {
    const std::vector<Offer> next = offers.list(destination, after, wire::kMaxOffersPerPacket);
    if (next.empty()) return std::nullopt;
    wire::Offers packet;
    for (const Offer& offer : next) packet.lines.push_back({offer.id, offer.address, offer.byte_length, offer.flags});
    return Feed::Batch{wire::encode(packet), next.back().id};
  };
}

}  // namespace vmoffer
