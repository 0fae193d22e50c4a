#include "engine/transfer/claim/seals.h"

#include <utility>

namespace vmoffer {

void Seals::seal(DestinationId claimer, std::shared_ptr<MemoryObject> object, std::function<void()> then) {
  if (object->resists_sealing() || !aside_.has_started()) {
    object.reset();
    return then();
  }
  const auto [queue, is_first] = waiting_.try_emplace(claimer);
  queue->second.push_back({std::move(object), std::move(then)});
  if (is_first) begin_next(claimer);
}

void Seals::begin_next(DestinationId claimer) {
  const auto queue = waiting_.find(claimer);
  if (queue->second.empty()) {
    waiting_.erase(queue);
    return;
  }
  Wanted next = std::move(queue->second.front());
  queue->second.pop_front();
  aside_.run([object = std::move(next.object)] { object->seal_against_writing(); },
             [this, claimer, then = std::move(next.then)] {
               then();
               begin_next(claimer);
             });
}

}  // namespace vmoffer
