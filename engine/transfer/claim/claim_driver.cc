#include "engine/transfer/claim/claim_driver.h"

#include <optional>
#include <string>

#include "engine/sys/processors.h"
#include "engine/sys/wakeup.h"

namespace vmoffer {
namespace {

// Nothing reports when a listener's queue has room again, so the claim tries again.
constexpr std::chrono::milliseconds kQueueFullDelay{5};

Status timed_out(std::chrono::milliseconds timeout) {
  return Status(Code::kTimeout, "the source did not answer within " + std::to_string(timeout.count()) +
                                    " ms; it is stopped or swamped. Nothing is lost: claim again, or raise timeoutMs");
}

Result<std::unique_ptr<ClaimerSide>> take_up(UndecidedClaims& undecided, const ClaimRequest& request) {
  std::unique_ptr<ClaimerSide> left = undecided.take(request);
  if (left == nullptr) return ClaimerSide::begin(request);
  left->resume(request);
  return left;
}

bool look_and_wait(ClaimerSide& side, int64_t timeout_ms, LookBudget& budget) {
  if (look_for_answer(side, budget)) return true;
  if (!wait_readable(side.fd(), timeout_ms)) return false;
  budget.end(Clock::now());
  return true;
}

}  // namespace

bool look_for_answer(ClaimerSide& side, LookBudget& budget) {
  budget.begin(Clock::now(), may_look(budget));
  bool has_come = false;
  while (!has_come && goes_on_looking(budget)) has_come = side.has_come();
  if (has_come) budget.end(Clock::now());
  return has_come;
}

std::shared_ptr<ClaimDriver> ClaimDriver::start(EventLoop& loop, UndecidedClaims& undecided,
                                                const ClaimRequest& request, std::chrono::milliseconds timeout,
                                                Done done) {
  auto driver = std::make_shared<ClaimDriver>(loop, undecided, std::move(done));
  if (std::optional<ReceivedClaim> made = undecided.take_made(request)) {
    driver->finish(std::move(*made));
    return driver;
  }
  Result<std::unique_ptr<ClaimerSide>> side = take_up(undecided, request);
  if (!side.is_ok()) {
    driver->finish(side.status());
    return driver;
  }
  driver->drive(side.take(), Deadline(timeout));
  return driver;
}

std::shared_ptr<ClaimDriver> ClaimDriver::go_on(EventLoop& loop, UndecidedClaims& undecided,
                                                std::unique_ptr<ClaimerSide> side, Deadline deadline, Done done) {
  auto driver = std::make_shared<ClaimDriver>(loop, undecided, std::move(done));
  driver->drive(std::move(side), deadline);
  return driver;
}

void ClaimDriver::drive(std::unique_ptr<ClaimerSide> side, Deadline deadline) {
  side_ = std::move(side);
  deadline_ = loop_.call_at(deadline.time, [self = shared_from_this(), timeout = deadline.timeout] {
    self->deadline_ = 0;
    self->give_up(timed_out(timeout));
  });
  wait();
}

void ClaimDriver::step() {
  stop_waiting();
  side_->advance();
  wait();
}

void ClaimDriver::wait() {
  keep_patience();
  switch (side_->waiting()) {
    case ClaimerSide::Waiting::kNot:
      return finish(side_->take());
    case ClaimerSide::Waiting::kLater:
      retry_ = loop_.call_at(Clock::now() + kQueueFullDelay, [self = shared_from_this()] {
        self->retry_ = 0;
        self->step();
      });
      return;
    case ClaimerSide::Waiting::kReadable:
      break;
  }
  Result<EventLoop::Token> token = loop_.add(side_->fd(), shared_from_this());
  if (!token.is_ok()) return give_up(token.status());
  token_ = token.value();
}

void ClaimDriver::keep_patience() {
  const auto patience = side_->take_patience();
  if (!patience) return;
  loop_.cancel_call(deadline_);
  deadline_ = loop_.call_at(Clock::now() + *patience, [self = shared_from_this()] {
    self->deadline_ = 0;
    self->let_go([](ClaimerSide& side) { side.lose_patience(); });
  });
}

void ClaimDriver::stop_waiting() {
  loop_.remove(token_);
  loop_.cancel_call(retry_);
  token_ = 0;
  retry_ = 0;
}

void ClaimDriver::give_up(Status why) {
  let_go([&](ClaimerSide& side) { side.give_up(std::move(why)); });
}

void ClaimDriver::let_go(const std::function<void(ClaimerSide&)>& how) {
  if (!done_) return;
  stop_waiting();  // before the claim closes the descriptor, whose number may be reused at once
  how(*side_);
  if (!side_->is_undecided()) return wait();
  leave_undecided(side_->why_undecided());
}

void ClaimDriver::leave(const Status& why) {
  if (!done_) return;
  stop_waiting();
  side_->give_up(why);
  if (side_->waiting() == ClaimerSide::Waiting::kNot) return finish(side_->take());
  leave_undecided(why);
}

void ClaimDriver::leave_undecided(const Status& why) {
  undecided_.keep(std::move(side_));
  finish(why);
}

void ClaimDriver::finish(Result<ReceivedClaim> result) {
  stop_waiting();
  loop_.cancel_call(deadline_);
  const Done done = std::move(done_);
  done_ = nullptr;
  side_.reset();
  if (done) done(std::move(result));
}

Result<ReceivedClaim> drive_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout, LookBudget& budget,
                                     const std::function<void(std::unique_ptr<ClaimerSide>)>& leave) {
  auto deadline = Clock::now() + timeout;
  Result<std::unique_ptr<ClaimerSide>> begun = ClaimerSide::begin(request);
  if (!begun.is_ok()) return begun.status();
  ClaimerSide& side = *begun.value();
  while (side.waiting() != ClaimerSide::Waiting::kNot) {
    if (const auto patience = side.take_patience()) deadline = Clock::now() + *patience;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left > 0 && side.waiting() == ClaimerSide::Waiting::kLater) {
      wait_readable(-1, std::min<int64_t>(left, kQueueFullDelay.count()));
      side.advance();
    } else if (left > 0) {
      if (look_and_wait(side, left, budget)) side.advance();
    } else {
      side.give_up(timed_out(timeout));
      if (side.is_undecided()) {
        const Status why = side.why_undecided();
        leave(begun.take());
        return why;
      }
    }
  }
  return side.take();
}

}  // namespace vmoffer
