// ClaimsUnderWay: the claims that this process makes, in the broker's loop or on the thread that asks for them. If
// nobody waits for a claim any more, its result is kept for the next claim of the same memory. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "engine/sys/event_loop.h"
#include "engine/transfer/claim/claim_driver.h"
#include "engine/transfer/claim/undecided_claims.h"

namespace vmoffer {

class ClaimsUnderWay {
 public:
  // Borrows the loop.
  explicit ClaimsUnderWay(EventLoop& loop) : loop_(loop), undecided_(loop) {}

  using Ticket = uint64_t;
  // The callback is called once, on the loop's thread.
  Ticket begin(const ClaimRequest& request, std::chrono::milliseconds timeout, ClaimDriver::Done done);
  // As begin(), but the calling thread waits.
  Result<ReceivedClaim> claim_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout);
  // Ends the claim soon: with an error, unless its source has already said DONE.
  void abandon(Ticket ticket);

  ClaimsUnderWay(const ClaimsUnderWay&) = delete;
  ClaimsUnderWay& operator=(const ClaimsUnderWay&) = delete;

 private:
  class Awaited;

  Result<ReceivedClaim> take_up_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout);

  EventLoop& loop_;
  UndecidedClaims undecided_;
  std::atomic<Ticket> last_ticket_ = 0;
  std::unordered_map<Ticket, std::shared_ptr<ClaimDriver>> drivers_;  // loop thread only
};

}  // namespace vmoffer
