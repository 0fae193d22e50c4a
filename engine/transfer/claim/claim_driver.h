// ClaimDriver: drives a ClaimerSide in an event loop, so that no thread waits for the source. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "engine/base/look_budget.h"
#include "engine/sys/event_loop.h"
#include "engine/transfer/claim/claimer_side.h"
#include "engine/transfer/claim/undecided_claims.h"

namespace vmoffer {

// By when a claim is to be made, and how long that was when it began.
struct Deadline {
  explicit Deadline(std::chrono::milliseconds timeout) : time(Clock::now() + timeout), timeout(timeout) {}
  Clock::time_point since() const { return time - timeout; }
  Clock::time_point time;
  std::chrono::milliseconds timeout;
};

class ClaimDriver : public EventHandler, public std::enable_shared_from_this<ClaimDriver> {
 public:
  // Called once, on the loop's thread.
  using Done = std::function<void(Result<ReceivedClaim>)>;

  // Borrows the loop and the undecided claims. If an earlier claim of the same memory is undecided, takes that up.
  static std::shared_ptr<ClaimDriver> start(EventLoop& loop, UndecidedClaims& undecided, const ClaimRequest& request,
                                            std::chrono::milliseconds timeout, Done done);
  // Of one that another thread has begun.
  static std::shared_ptr<ClaimDriver> go_on(EventLoop& loop, UndecidedClaims& undecided,
                                            std::unique_ptr<ClaimerSide> side, Deadline deadline, Done done);
  void give_up(Status why);
  // As give_up(), for a caller that has gone: what the source has yet to say is left to the undecided claims at once.
  void leave(const Status& why);
  bool is_finished() const { return done_ == nullptr; }
  void on_readable() override { step(); }

  ClaimDriver(EventLoop& loop, UndecidedClaims& undecided, Done done)
      : loop_(loop), undecided_(undecided), done_(std::move(done)) {}
  ClaimDriver(const ClaimDriver&) = delete;
  ClaimDriver& operator=(const ClaimDriver&) = delete;

 private:
  void drive(std::unique_ptr<ClaimerSide> side, Deadline deadline);
  void step();
  void let_go(const std::function<void(ClaimerSide&)>& how);
  void leave_undecided(const Status& why);
  void wait();
  void keep_patience();
  void stop_waiting();
  void finish(Result<ReceivedClaim> result);

  EventLoop& loop_;
  UndecidedClaims& undecided_;
  Done done_;
  std::unique_ptr<ClaimerSide> side_;
  EventLoop::Token deadline_ = 0;
  EventLoop::Token retry_ = 0;
  EventLoop::Token token_ = 0;
};

// Drives a claim on the calling thread, which waits, and looks before it sleeps. Passes a claim that stays undecided to
// `leave`.
Result<ReceivedClaim> drive_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout, LookBudget& budget,
                                     const std::function<void(std::unique_ptr<ClaimerSide>)>& leave);

// Looks for the source's answer, for as long as may be worth it. REQUIRES: the claim waits for something to read.
bool look_for_answer(ClaimerSide& side, LookBudget& budget);

}  // namespace vmoffer
