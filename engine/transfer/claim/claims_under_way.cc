#include "engine/transfer/claim/claims_under_way.h"

#include <optional>
#include <utility>

#include "engine/base/denial.h"
#include "engine/base/mutex.h"
#include "engine/transfer/loop_margin.h"

namespace vmoffer {
namespace {

// A thread looks when it has done what it does at the moment, which is seldom more than this.
constexpr std::chrono::milliseconds kPatienceWithLook{2};

}  // namespace

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

// The thread that asked has not come to look for the answers.
class ClaimsUnderWay::Overdue : public EventHandler {
 public:
  explicit Overdue(ClaimsUnderWay& claims) : claims_(claims) {}
  void on_readable() override { claims_.take_over_batches(); }

 private:
  ClaimsUnderWay& claims_;
};

ClaimsUnderWay::ClaimsUnderWay(EventLoop& loop) : loop_(loop), undecided_(loop) {
  Result<Timer> timer = Timer::open();
  if (!timer.is_ok() || !loop_.add(timer.value().fd(), std::make_shared<Overdue>(*this)).is_ok()) return;
  overdue_.emplace(timer.take());
}

ClaimsUnderWay::Ticket ClaimsUnderWay::begin(const ClaimRequest& request, std::chrono::milliseconds timeout,
                                             ClaimDriver::Done done) {
  const Ticket ticket = ++last_ticket_;
  loop_.post([this, ticket, request, timeout, done = std::move(done)] {
    keep(ticket, ClaimDriver::start(loop_, undecided_, request, timeout, conclude(ticket, done)));
  });
  return ticket;
}

ClaimDriver::Done ClaimsUnderWay::conclude(Ticket ticket, ClaimDriver::Done done) {
  return [this, ticket, done = std::move(done)](Result<ReceivedClaim> result) {
    if (drivers_.erase(ticket) > 0) loop_.expect_no_more();
    done(std::move(result));
  };
}

void ClaimsUnderWay::keep(Ticket ticket, std::shared_ptr<ClaimDriver> driver) {
  if (driver->is_finished()) return;
  drivers_.emplace(ticket, std::move(driver));
  loop_.expect_soon();
}

std::shared_ptr<ClaimBatch> ClaimsUnderWay::open_batch() {
  auto batch = std::make_shared<ClaimBatch>(*this);
  const MutexLock lock(mutex_);
  std::erase_if(batches_, [](const auto& each) { return each.expired(); });
  batches_.push_back(batch);
  return batch;
}

ClaimsUnderWay::Ticket ClaimsUnderWay::ask(ClaimBatch& batch, uint64_t key, const ClaimRequest& request,
                                           std::chrono::milliseconds timeout, ClaimDriver::Done done) {
  if (!overdue_ || undecided_.has(request) || is_denied("claims made by their own thread")) return 0;
  const Deadline deadline(timeout);
  std::unique_ptr<ClaimerSide> side = ClaimerSide::begin_at_usual_name(request);
  if (side == nullptr) return 0;
  const Ticket ticket = ++last_ticket_;
  batch.add({ticket, key, std::move(side), deadline, std::move(done)});
  watch_batches();
  return ticket;
}

void ClaimsUnderWay::leave_to_loop(std::vector<ClaimBatch::Asked> asked) {
  if (asked.empty()) return;
  loop_.post([this, all = std::make_shared<std::vector<ClaimBatch::Asked>>(std::move(asked))] {
    for (ClaimBatch::Asked& each : *all) go_on(std::move(each));
  });
}

void ClaimsUnderWay::go_on(ClaimBatch::Asked asked) {
  // Others are answered one after the other, and the time of each says nothing of the source.
  const bool is_alone = drivers_.empty();
  const auto done = [this, is_alone, asked_at = asked.deadline.since(),
                     done = std::move(asked.done)](Result<ReceivedClaim> result) {
    if (is_alone && result.is_ok()) slept(Clock::now() - asked_at);
    done(std::move(result));
  };
  keep(asked.ticket,
       ClaimDriver::go_on(loop_, undecided_, std::move(asked.side), asked.deadline, conclude(asked.ticket, done)));
}

// The timer runs on when a batch has been looked for: it may watch those of other threads, too, and to set it costs a
// system call.
void ClaimsUnderWay::watch_batches() {
  if (!is_watching_.exchange(true)) overdue_->set(kPatienceWithLook);
}

void ClaimsUnderWay::take_over_batches() {
  overdue_->clear();
  is_watching_ = false;  // before it looks: what is added from here on is watched anew
  const auto longest = Clock::now() - kPatienceWithLook;
  bool are_some_left = false;
  for (const auto& batch : batches()) {
    const std::optional<Clock::time_point> since = batch->waits_since();
    if (since && *since > longest) are_some_left = true;
    if (!since || *since > longest) continue;
    for (ClaimBatch::Asked& each : batch->take()) go_on(std::move(each));
  }
  if (are_some_left) watch_batches();
}

std::vector<std::shared_ptr<ClaimBatch>> ClaimsUnderWay::batches() {
  std::vector<std::shared_ptr<ClaimBatch>> all;
  const MutexLock lock(mutex_);
  for (const auto& each : batches_) {
    if (auto batch = each.lock()) all.push_back(std::move(batch));
  }
  return all;
}

LookBudget ClaimsUnderWay::budget() {
  const MutexLock lock(mutex_);
  return budget_;
}

void ClaimsUnderWay::set_budget(const LookBudget& budget) {
  const MutexLock lock(mutex_);
  budget_ = budget;
}

void ClaimsUnderWay::slept(std::chrono::nanoseconds waited) {
  const MutexLock lock(mutex_);
  budget_.slept(waited);
}

Result<ReceivedClaim> ClaimsUnderWay::claim_and_wait(const ClaimRequest& request, std::chrono::milliseconds timeout) {
  if (std::optional<ReceivedClaim> made = undecided_.take_made(request)) return std::move(*made);
  if (undecided_.has(request)) return take_up_and_wait(request, timeout);
  LookBudget budget = this->budget();
  Result<ReceivedClaim> claim = drive_and_wait(
      request, timeout, budget, [this](std::unique_ptr<ClaimerSide> side) { undecided_.keep(std::move(side)); });
  set_budget(budget);
  return claim;
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
  post_with_driver(ticket, [](ClaimDriver* driver) {
    if (driver != nullptr) driver->give_up(Status(Code::kTimeout, "the claim was given up"));
  });
}

// The loop may be on the way to acknowledge the claim. Another thread may claim the same memory at once: that claim has
// to come behind this one.
void ClaimsUnderWay::leave(Ticket ticket, const ClaimRequest& request) {
  *request.is_left = true;
  undecided_.expect(request);
  post_with_driver(ticket, [this, request](ClaimDriver* driver) {
    if (driver != nullptr) driver->leave(Status(Code::kTimeout, "the thread that claimed has ended"));
    undecided_.expect_no_more(request);
  });
}

void ClaimsUnderWay::keep_untaken(const ClaimRequest& request, ReceivedClaim claim) {
  // Nobody but the thread that has ended knew of what comes with a channel.
  if (request.kind == OfferKind::kMemory && disowns(claim.flags)) undecided_.keep_made(request, std::move(claim));
}

// Calls with null if the claim has finished. Taken out of its batch here, because a look takes all of them, and leaves
// them to the loop only afterwards.
void ClaimsUnderWay::post_with_driver(Ticket ticket, std::function<void(ClaimDriver*)> action) {
  auto unlooked = std::make_shared<std::vector<ClaimBatch::Asked>>();
  for (const auto& batch : batches()) {
    if (std::optional<ClaimBatch::Asked> asked = batch->take(ticket)) unlooked->push_back(std::move(*asked));
  }
  loop_.post([this, ticket, unlooked, action = std::move(action)] {
    for (ClaimBatch::Asked& each : *unlooked) go_on(std::move(each));
    const auto found = drivers_.find(ticket);
    const std::shared_ptr<ClaimDriver> driver = found == drivers_.end() ? nullptr : found->second;
    action(driver.get());
  });
}

}  // namespace vmoffer
