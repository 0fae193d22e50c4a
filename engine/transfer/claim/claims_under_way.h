// ClaimsUnderWay: the claims that this process makes, in the broker's loop or on the thread that asks for them. If
// nobody waits for a claim any more, its result is kept for the next claim of the same memory. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/look_budget.h"
#include "engine/base/mutex.h"
#include "engine/sys/event_loop.h"
#include "engine/sys/processors.h"
#include "engine/sys/timer.h"
#include "engine/transfer/claim/claim_batch.h"
#include "engine/transfer/claim/claim_driver.h"
#include "engine/transfer/claim/undecided_claims.h"

namespace vmoffer {

class ClaimsUnderWay {
 public:
  // Borrows the loop, before it runs.
  explicit ClaimsUnderWay(EventLoop& loop);

  using Ticket = uint64_t;
  // The callback is called once, on the loop's thread.
  Ticket begin(const ClaimRequest& request, std::chrono::milliseconds timeout, ClaimDriver::Done done);

  // For the claims of a thread.
  std::shared_ptr<ClaimBatch> open_batch();
  // Asks the source on the calling thread, for the batch. 0 if the claim is to begin in the loop instead: its source
  // must be searched for, or an earlier claim of the same memory is undecided. The callback is called once, on the
  // loop's thread, or batch.look() returns the key.
  Ticket ask(ClaimBatch& batch, uint64_t key, const ClaimRequest& request, std::chrono::milliseconds timeout,
             ClaimDriver::Done done);
  void leave_to_loop(std::vector<ClaimBatch::Asked> asked);
  LookBudget budget();
  void set_budget(const LookBudget& budget);

  // As begin(), but the calling thread waits.
  Result<ReceivedClaim> claim_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout);
  // Ends the claim soon: with an error, unless its source has already said DONE. A claim that was asked for with ask()
  // is abandoned by the thread that asked.
  void abandon(Ticket ticket);
  // The same for a thread that has ended, at once: the claim is not acknowledged from here on. REQUIRES: the request
  // has is_left, and no result of the claim has a taker; see keep_untaken().
  void leave(Ticket ticket, const ClaimRequest& request);
  // For a claim that was made and has found nobody: if nobody else has its bytes, they wait for the next claim of the
  // same memory. Otherwise it is released, as its source has the bytes.
  void keep_untaken(const ClaimRequest& request, ReceivedClaim claim);

  ClaimsUnderWay(const ClaimsUnderWay&) = delete;
  ClaimsUnderWay& operator=(const ClaimsUnderWay&) = delete;

 private:
  class Awaited;
  class Overdue;

  Result<ReceivedClaim> take_up_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout);
  ClaimDriver::Done conclude(Ticket ticket, ClaimDriver::Done done);
  void keep(Ticket ticket, std::shared_ptr<ClaimDriver> driver);
  void post_with_driver(Ticket ticket, std::function<void(ClaimDriver*)> action);
  void go_on(ClaimBatch::Asked asked);
  void watch_batches();
  void take_over_batches();
  std::vector<std::shared_ptr<ClaimBatch>> batches();
  void slept(std::chrono::nanoseconds waited);

  EventLoop& loop_;
  UndecidedClaims undecided_;
  std::atomic<Ticket> last_ticket_ = 0;
  std::optional<Timer> overdue_;  // for batches that nobody comes to look for; without it there are none
  std::atomic<bool> is_watching_ = false;
  Mutex mutex_;
  LookBudget budget_ VMO_GUARDED_BY(mutex_) = new_look_budget();
  std::vector<std::weak_ptr<ClaimBatch>> batches_ VMO_GUARDED_BY(mutex_);
  std::unordered_map<Ticket, std::shared_ptr<ClaimDriver>> drivers_;  // loop thread only
};

}  // namespace vmoffer
