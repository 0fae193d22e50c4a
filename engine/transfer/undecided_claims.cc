#include "engine/transfer/undecided_claims.h"

#include <algorithm>

namespace vmoffer {

class UndecidedClaims::Kept : public EventHandler {
 public:
  Kept(UndecidedClaims& claims, std::unique_ptr<ClaimExchange> exchange)
      : request(exchange->request()), exchange(std::move(exchange)), claims_(claims) {}
  void on_readable() override { claims_.step(*this); }

  const ClaimRequest request;
  std::unique_ptr<ClaimExchange> exchange;
  EventLoop::Token token = 0;

 private:
  UndecidedClaims& claims_;
};

void UndecidedClaims::keep(std::unique_ptr<ClaimExchange> exchange) {
  const auto kept = std::make_shared<Kept>(*this, std::move(exchange));
  {
    const std::lock_guard lock(mutex_);
    claims_.push_back(kept);
  }
  loop_.post([this, kept] {
    if (kept->exchange != nullptr) watch(kept);
  });
}

// One that cannot be watched is looked at when it is taken.
void UndecidedClaims::watch(const std::shared_ptr<Kept>& kept) {
  Result<EventLoop::Token> token = loop_.add(kept->exchange->fd(), kept);
  kept->token = token.is_ok() ? token.value() : 0;
}

void UndecidedClaims::step(Kept& kept) {
  loop_.remove(kept.token);
  kept.token = 0;
  kept.exchange->advance();
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(claims_.begin(), claims_.end(),
                               [&](const std::shared_ptr<Kept>& each) { return each.get() == &kept; });
  if (kept.exchange->waiting() != ClaimExchange::Waiting::kNot) return watch(*at);
  if (!kept.exchange->has_memory()) claims_.erase(at);
}

UndecidedClaims::Claims::const_iterator UndecidedClaims::find(const ClaimRequest& request) const {
  return std::find_if(claims_.begin(), claims_.end(), [&](const std::shared_ptr<Kept>& each) {
    return each->request.source_pid == request.source_pid && each->request.address == request.address &&
           each->request.kind == request.kind;
  });
}

bool UndecidedClaims::has(const ClaimRequest& request) const {
  const std::lock_guard lock(mutex_);
  return find(request) != claims_.end();
}

std::unique_ptr<ClaimExchange> UndecidedClaims::take(const ClaimRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto at = find(request);
  if (at == claims_.end()) return nullptr;
  loop_.remove((*at)->token);
  std::unique_ptr<ClaimExchange> exchange = std::move((*at)->exchange);
  claims_.erase(at);
  return exchange;
}

}  // namespace vmoffer
