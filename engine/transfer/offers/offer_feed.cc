#include "engine/transfer/offers/offer_feed.h"

#include "engine/wire/codec.h"

namespace vmoffer {

IoOutcome OfferFeed::pump() {
  for (;;) {
    const std::vector<Offer> offers = offers_.list(destination_, sent_up_to_, wire::kMaxOffersPerPacket);
    if (offers.empty()) return send_end_of_list();
    wire::Offers packet;
    for (const Offer& offer : offers) packet.lines.push_back({offer.id, offer.address, offer.byte_length, offer.flags});
    const IoOutcome sent = send_packet(socket_fd_, wire::encode(packet));
    if (sent != IoOutcome::kDone) return sent;
    sent_up_to_ = offers.back().id;
  }
}

IoOutcome OfferFeed::send_end_of_list() {
  if (!ends_) return IoOutcome::kDone;
  const IoOutcome sent = send_packet(socket_fd_, wire::encode(wire::EndOfList{}));
  if (sent == IoOutcome::kDone) ends_ = false;
  return sent;
}

}  // namespace vmoffer
