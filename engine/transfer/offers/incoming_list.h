// incoming_list: asks once what other processes offer to this one now. Loop thread only; the callback is called there
// and must not block.
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
  size_t missed = 0;  // names whose listeners, brokers perhaps, were not asked
};

using IncomingListDone = std::function<void(Result<IncomingList>)>;
// Leaves out brokers that have not answered at the deadline. Also leaves out the offers of one process beyond the first
// 65536, or beyond its part of the 262144 for all processes.
void list_incoming(EventLoop& loop, SurveyPlaces& places, std::chrono::milliseconds timeout, IncomingListDone done);

}  // namespace vmoffer
