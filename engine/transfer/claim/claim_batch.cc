#include "engine/transfer/claim/claim_batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/denial.h"
#include "engine/transfer/claim/claims_under_way.h"

namespace vmoffer {
namespace {

bool is_soon_there(ClaimerSide& side, LookBudget& budget) { return side.has_come() || look_for_answer(side, budget); }

// False if the loop is to go on with it.
bool is_soon_made(ClaimerSide& side, LookBudget& budget) {
  while (side.waiting() == ClaimerSide::Waiting::kReadable && is_soon_there(side, budget)) side.advance();
  return side.waiting() == ClaimerSide::Waiting::kNot;
}

}  // namespace

void ClaimBatch::add(Asked asked) {
  const MutexLock lock(mutex_);
  asked_.push_back(std::move(asked));
}

std::optional<Clock::time_point> ClaimBatch::waits_since() const {
  const MutexLock lock(mutex_);
  return asked_.empty() ? std::nullopt : std::optional(asked_.front().deadline.since());
}

// A source answers in the order in which it was asked.
std::vector<ClaimBatch::Answered> ClaimBatch::look() {
  std::vector<Asked> asked = take();
  std::vector<Answered> answered;
  LookBudget budget = claims_.budget();
  const bool may_go_on = !is_denied("claims made by their own thread");
  auto next = asked.begin();
  for (; next != asked.end() && may_go_on && is_soon_made(*next->side, budget); ++next) {
    answered.push_back({claims_, next->key, next->side->request(), next->side->take()});
  }
  claims_.set_budget(budget);
  asked.erase(asked.begin(), next);
  claims_.leave_to_loop(std::move(asked));
  return answered;
}

std::vector<ClaimBatch::Asked> ClaimBatch::take() {
  const MutexLock lock(mutex_);
  return std::exchange(asked_, {});
}

std::optional<ClaimBatch::Asked> ClaimBatch::take(Ticket ticket) {
  const MutexLock lock(mutex_);
  const auto found =
      std::find_if(asked_.begin(), asked_.end(), [&](const Asked& each) { return each.ticket == ticket; });
  if (found == asked_.end()) return std::nullopt;
  std::optional<Asked> taken(std::move(*found));
  asked_.erase(found);
  return taken;
}

}  // namespace vmoffer
