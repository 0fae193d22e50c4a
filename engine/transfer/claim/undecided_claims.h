// UndecidedClaims: claims that were given up, and whose source has yet to say how they end. A source may be stopped for
// any length of time, and may have dropped the memory already. If it turns out that a claim was made, its memory is
// kept for the next claim of the same address. So is the memory of any claim that was made after its caller had stopped
// waiting, and disowned memory that has come for a thread that has ended. If the claim was not made, nothing is left of
// it.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "engine/base/mutex.h"
#include "engine/sys/event_loop.h"
#include "engine/transfer/claim/claimer_side.h"

namespace vmoffer {

class UndecidedClaims {
 public:
  // Borrows the loop.
  explicit UndecidedClaims(EventLoop& loop) : loop_(loop) {}

  // Any thread.
  void keep(std::unique_ptr<ClaimerSide> side);
  void keep_made(const ClaimRequest& request, ReceivedClaim claim);
  // From now on has() is true, until an equal call of expect_no_more(): the loop is about to keep such a claim.
  void expect(const ClaimRequest& request);
  void expect_no_more(const ClaimRequest& request);
  // True if a claim of the same memory is kept, undecided or made, or is expected.
  bool has(const ClaimRequest& request) const;
  std::optional<ReceivedClaim> take_made(const ClaimRequest& request);
  // Takes an undecided claim of the same memory, in its present state; null if there is none. Loop thread only.
  std::unique_ptr<ClaimerSide> take(const ClaimRequest& request);

  UndecidedClaims(const UndecidedClaims&) = delete;
  UndecidedClaims& operator=(const UndecidedClaims&) = delete;

 private:
  class Kept;
  struct Made {
    ClaimRequest request;
    ReceivedClaim claim;
  };
  using Claims = std::list<std::shared_ptr<Kept>>;

  void settle(const std::shared_ptr<Kept>& kept);
  void conclude(const std::shared_ptr<Kept>& kept);
  void watch(const std::shared_ptr<Kept>& kept);
  void unwatch(Kept& kept);
  Claims::const_iterator find(const ClaimRequest& request) const VMO_REQUIRES(mutex_);
  std::list<Made>::const_iterator find_made(const ClaimRequest& request) const VMO_REQUIRES(mutex_);
  std::list<ClaimRequest>::const_iterator find_expected(const ClaimRequest& request) const VMO_REQUIRES(mutex_);

  EventLoop& loop_;
  mutable Mutex mutex_;
  Claims claims_ VMO_GUARDED_BY(mutex_);
  std::list<Made> made_ VMO_GUARDED_BY(mutex_);
  std::list<ClaimRequest> expected_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
