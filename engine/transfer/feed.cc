#include "engine/transfer/feed.h"

#include "engine/wire/codec.h"

namespace vmoffer {

IoOutcome Feed::pump() {
  while (const std::optional<Batch> batch = next_(sent_up_to_)) {
    const IoOutcome sent = send_packet(socket_fd_, batch->packet);
    if (sent != IoOutcome::kDone) return sent;
    sent_up_to_ = batch->last;
    if (pace_ == Pace::kOneInEachPump) return IoOutcome::kWouldBlock;
  }
  return send_end_of_list();
}

IoOutcome Feed::send_end_of_list() {
  if (!awaits_end_) return IoOutcome::kDone;
  const IoOutcome sent = send_packet(socket_fd_, wire::encode(wire::EndOfList{}));
  if (sent == IoOutcome::kDone) awaits_end_ = false;
  return sent;
}

}  // namespace vmoffer
