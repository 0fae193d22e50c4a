#include "engine/transfer/claim/claims_under_way.h"

#include <optional>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/transfer/loop_margin.h"

namespace vmoffer {

// A result that one thread waits for. The loop's thread delivers it, if the other still waits.
class ClaimsUnderWay::Awaited {
 public:
  // False if nobody waits any more; then the result is untouched.
  bool deliver(Result<ReceivedClaim>& result) {
    const MutexLock lock(mutex_);
    if (!is_awaited_) return false;
    result_.emplace(std::move(result));
    has_come_.notify_one();
    return true;
  }

  std::optional<Result<ReceivedClaim>> wait_for(std::chrono::milliseconds time) {
    const auto deadline = Clock::now() + time;
    const MutexLock lock(mutex_);
    while (!result_.has_value() && has_come_.wait_until(mutex_, deadline)) continue;
    is_awaited_ = result_.has_value();
    return std::move(result_);
  }

 private:
  Mutex mutex_;
  Condition has_come_;
  std::optional<Result<ReceivedClaim>> result_ VMO_GUARDED_BY(mutex_);
  bool is_awaited_ VMO_GUARDED_BY(mutex_) = true;
};

ClaimsUnderWay::Ticket ClaimsUnderWay::begin(const ClaimRequest& request, std::chrono::milliseconds timeout,
                                             ClaimDriver::Done done) {
  const Ticket ticket = ++last_ticket_;
  loop_.post([this, ticket, request, timeout, done = std::move(done)] {
    auto driver =
        ClaimDriver::start(loop_, undecided_, request, timeout, [this, ticket, done](Result<ReceivedClaim> result) {
          drivers_.erase(ticket);
          done(std::move(result));
        });
    if (!driver->is_finished()) drivers_.emplace(ticket, std::move(driver));
  });
  return ticket;
}

Result<ReceivedClaim> ClaimsUnderWay::claim_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout) {
  if (std::optional<ReceivedClaim> made = undecided_.take_made(request)) return std::move(*made);
  if (undecided_.has(request)) return take_up_and_wait(request, timeout);
  return drive_and_wait(request, timeout,
                        [this](std::unique_ptr<ClaimerSide> side) { undecided_.keep(std::move(side)); });
}

// An undecided claim belongs to the loop, which drives it while this thread waits.
Result<ReceivedClaim> ClaimsUnderWay::take_up_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout) {
  const auto awaited = std::make_shared<Awaited>();
  const Ticket ticket = begin(request, timeout, [this, awaited, request](Result<ReceivedClaim> result) {
    if (!awaited->deliver(result) && result.is_ok()) undecided_.keep_made(request, result.take());
  });
  if (std::optional<Result<ReceivedClaim>> result = awaited->wait_for(timeout + kLoopMargin)) return std::move(*result);
  abandon(ticket);
  return loop_does_not_run();
}

void ClaimsUnderWay::abandon(Ticket ticket) {
  loop_.post([this, ticket] {
    const auto found = drivers_.find(ticket);
    if (found == drivers_.end()) return;
    const std::shared_ptr<ClaimDriver> driver = found->second;
    driver->give_up(Status(Code::kTimeout, "the claim was given up"));
  });
}

}  // namespace vmoffer
