// incoming_list: what other processes offer to this one now. Loop thread only; the callback is called there and must
// not block.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "engine/transfer/asking/survey.h"
#include "engine/transfer/offers/incoming_offer.h"

namespace vmoffer {

struct IncomingList {
  std::vector<IncomingOffer> offers;
  size_t missed = 0;  // names at which a broker may listen that has not been asked
};

using IncomingListDone = std::function<void(Result<IncomingList>)>;
// Brokers that have not answered at the deadline are left out, and what one process offers beyond its first 65536, or
// beyond what is left of the 262144 of them all.
void list_incoming(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, IncomingListDone done);

}  // namespace vmoffer
