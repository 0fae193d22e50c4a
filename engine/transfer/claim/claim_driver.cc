#include "engine/transfer/claim/claim_driver.h"

#include <string>

#include "engine/sys/wakeup.h"

namespace vmoffer {
namespace {

// A listener's queue tells nobody when it has room again, so it is asked again.
constexpr std::chrono::milliseconds kQueueFullDelay{5};

Status timed_out(std::chrono::milliseconds timeout) {
  return Status(Code::kTimeout, "the source did not answer within " + std::to_string(timeout.count()) +
                                    " ms; it is stopped or swamped. Nothing is lost: claim again, or raise timeoutMs");
}

Status no_answer() { return Status(Code::kTimeout, "the source has not answered since the claim was taken back"); }

Result<std::unique_ptr<ClaimExchange>> take_up(UndecidedClaims& undecided, const ClaimRequest& request) {
  std::unique_ptr<ClaimExchange> left = undecided.take(request);
  if (left == nullptr) return ClaimExchange::begin(request);
  left->resume();
  return left;
}

}  // namespace

std::shared_ptr<ClaimDriver> ClaimDriver::start(EventLoop& loop, UndecidedClaims& undecided,
                                                const ClaimRequest& request, std::chrono::milliseconds timeout,
                                                Done done) {
  auto driver = std::make_shared<ClaimDriver>(loop, undecided, std::move(done));
  Result<std::unique_ptr<ClaimExchange>> exchange = take_up(undecided, request);
  if (!exchange.is_ok()) {
    driver->finish(exchange.status());
    return driver;
  }
  driver->exchange_ = exchange.take();
  driver->deadline_ = loop.call_at(Clock::now() + timeout, [driver, timeout] {
    driver->deadline_ = 0;
    driver->give_up(timed_out(timeout));
  });
  driver->wait();
  return driver;
}

void ClaimDriver::step() {
  stop_waiting();
  exchange_->advance();
  wait();
}

void ClaimDriver::wait() {
  keep_patience();
  switch (exchange_->waiting()) {
    case ClaimExchange::Waiting::kNot:
      return finish(exchange_->take());
    case ClaimExchange::Waiting::kLater:
      retry_ = loop_.call_at(Clock::now() + kQueueFullDelay, [self = shared_from_this()] {
        self->retry_ = 0;
        self->step();
      });
      return;
    case ClaimExchange::Waiting::kReadable:
      break;
  }
  Result<EventLoop::Token> token = loop_.add(exchange_->fd(), shared_from_this());
  if (!token.is_ok()) return give_up(token.status());
  token_ = token.value();
}

void ClaimDriver::keep_patience() {
  const auto patience = exchange_->take_patience();
  if (!patience) return;
  loop_.cancel_call(deadline_);
  deadline_ = loop_.call_at(Clock::now() + *patience, [self = shared_from_this()] {
    self->deadline_ = 0;
    self->give_up(no_answer());
  });
}

void ClaimDriver::stop_waiting() {
  loop_.remove(token_);
  loop_.cancel_call(retry_);
  token_ = 0;
  retry_ = 0;
}

void ClaimDriver::give_up(Status why) {
  if (!done_) return;
  stop_waiting();  // before the exchange closes the descriptor: its number may be another's at once
  exchange_->give_up(std::move(why));
  if (!exchange_->is_undecided()) return wait();
  const Status undecided = exchange_->why_undecided();
  undecided_.keep(std::move(exchange_));
  finish(undecided);
}

void ClaimDriver::finish(Result<ReceivedClaim> result) {
  stop_waiting();
  loop_.cancel_call(deadline_);
  const Done done = std::move(done_);
  done_ = nullptr;
  exchange_.reset();
  if (done) done(std::move(result));
}

Result<ReceivedClaim> drive_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout,
                                     const std::function<void(std::unique_ptr<ClaimExchange>)>& leave) {
  auto deadline = Clock::now() + timeout;
  Result<std::unique_ptr<ClaimExchange>> begun = ClaimExchange::begin(request);
  if (!begun.is_ok()) return begun.status();
  ClaimExchange& exchange = *begun.value();
  while (exchange.waiting() != ClaimExchange::Waiting::kNot) {
    if (const auto patience = exchange.take_patience()) deadline = Clock::now() + *patience;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left > 0 && exchange.waiting() == ClaimExchange::Waiting::kLater) {
      wait_readable(-1, std::min<int64_t>(left, kQueueFullDelay.count()));
      exchange.advance();
    } else if (left > 0) {
      if (wait_readable(exchange.fd(), left)) exchange.advance();
    } else {
      exchange.give_up(timed_out(timeout));
      if (exchange.is_undecided()) {
        const Status why = exchange.why_undecided();
        leave(begun.take());
        return why;
      }
    }
  }
  return exchange.take();
}

}  // namespace vmoffer
