// offer_feed: tells another process what is offered to it. Broker thread only.
#pragma once

#include "engine/transfer/feed.h"
#include "engine/transfer/offers/outgoing_offers.h"

namespace vmoffer {

// Borrows the offers. `destination` 0: nothing was ever offered to it.
Feed::Next offers_to(OutgoingOffers& offers, DestinationId destination);

}  // namespace vmoffer
