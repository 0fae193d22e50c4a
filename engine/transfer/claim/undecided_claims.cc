#include "engine/transfer/claim/undecided_claims.h"

#include <algorithm>
#include <utility>

namespace vmoffer {

class UndecidedClaims::Kept : public EventHandler, public std::enable_shared_from_this<Kept> {
 public:
  Kept(UndecidedClaims& claims, std::unique_ptr<ClaimerSide> side)
      : request(side->request()), side(std::move(side)), claims_(claims) {}
  void on_readable() override {
    claims_.unwatch(*this);
    side->advance();
    claims_.settle(shared_from_this());
  }

  const ClaimRequest request;
  std::unique_ptr<ClaimerSide> side;
  EventLoop::Token token = 0;

 private:
  UndecidedClaims& claims_;
};

void UndecidedClaims::keep(std::unique_ptr<ClaimerSide> side) {
  const auto kept = std::make_shared<Kept>(*this, std::move(side));
  {
    const MutexLock lock(mutex_);
    claims_.push_back(kept);
  }
  loop_.post([this, kept] {
    if (kept->side != nullptr) settle(kept);
  });
}

// A claim that cannot be watched is brought up to date when it is taken.
void UndecidedClaims::watch(const std::shared_ptr<Kept>& kept) {
  Result<EventLoop::Token> token = loop_.add(kept->side->fd(), kept);
  kept->token = token.is_ok() ? token.value() : 0;
}

// Call this before a step, which may close the descriptor: its number may be reused at once.
void UndecidedClaims::unwatch(Kept& kept) {
  loop_.remove(kept.token);
  kept.token = 0;
}

void UndecidedClaims::settle(const std::shared_ptr<Kept>& kept) {
  if (kept->side->waiting() == ClaimerSide::Waiting::kNot) return conclude(kept);
  watch(kept);
  const auto patience = kept->side->take_patience();
  if (!patience) return;
  loop_.call_at(Clock::now() + *patience, [this, kept] {
    if (kept->side == nullptr) return;  // it was taken, or is made
    unwatch(*kept);
    kept->side->lose_patience();
    settle(kept);
  });
}

void UndecidedClaims::conclude(const std::shared_ptr<Kept>& kept) {
  Result<ReceivedClaim> claim = std::exchange(kept->side, nullptr)->take();
  const MutexLock lock(mutex_);
  claims_.remove(kept);
  if (claim.is_ok()) made_.push_back({kept->request, claim.take()});
}

void UndecidedClaims::keep_made(const ClaimRequest& request, ReceivedClaim claim) {
  const MutexLock lock(mutex_);
  made_.push_back({request, std::move(claim)});
}

UndecidedClaims::Claims::const_iterator UndecidedClaims::find(const ClaimRequest& request) const {
  return std::find_if(claims_.begin(), claims_.end(),
                      [&](const std::shared_ptr<Kept>& each) { return each->request.is_for_same_memory(request); });
}

std::list<UndecidedClaims::Made>::const_iterator UndecidedClaims::find_made(const ClaimRequest& request) const {
  return std::find_if(made_.begin(), made_.end(),
                      [&](const Made& each) { return each.request.is_for_same_memory(request); });
}

std::list<ClaimRequest>::const_iterator UndecidedClaims::find_expected(const ClaimRequest& request) const {
  return std::find_if(expected_.begin(), expected_.end(),
                      [&](const ClaimRequest& each) { return each.is_for_same_memory(request); });
}

bool UndecidedClaims::has(const ClaimRequest& request) const {
  const MutexLock lock(mutex_);
  return find(request) != claims_.end() || find_made(request) != made_.end() ||
         find_expected(request) != expected_.end();
}

void UndecidedClaims::expect(const ClaimRequest& request) {
  const MutexLock lock(mutex_);
  expected_.push_back(request);
}

void UndecidedClaims::expect_no_more(const ClaimRequest& request) {
  const MutexLock lock(mutex_);
  expected_.erase(find_expected(request));
}

std::optional<ReceivedClaim> UndecidedClaims::take_made(const ClaimRequest& request) {
  std::list<Made> taken;
  const MutexLock lock(mutex_);
  const auto at = find_made(request);
  if (at == made_.end()) return std::nullopt;
  taken.splice(taken.begin(), made_, at);
  return std::move(taken.front().claim);
}

std::unique_ptr<ClaimerSide> UndecidedClaims::take(const ClaimRequest& request) {
  const MutexLock lock(mutex_);
  const auto at = find(request);
  if (at == claims_.end()) return nullptr;
  unwatch(**at);
  std::unique_ptr<ClaimerSide> side = std::move((*at)->side);
  claims_.erase(at);
  return side;
}

}  // namespace vmoffer
