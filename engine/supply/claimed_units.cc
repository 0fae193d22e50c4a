#include "engine/supply/claimed_units.h"

#include <algorithm>

namespace vmoffer {

uint64_t ClaimedUnits::ready_from(uint64_t unit, uint64_t end) const {
  const PageRange run = ready_.first_run({unit, end - unit});
  if (run.first != unit) return 0;
  return lost_.first_gap(run).first == unit ? lost_.first_gap(run).count : 0;
}

bool ClaimedUnits::is_asked_for(uint64_t unit) const {
  const auto at = asked_.find(unit);
  return at != asked_.end() && !at->second.is_given_up;
}

bool ClaimedUnits::ask(uint64_t unit, bool is_waited_for) {
  const auto [at, is_new] = asked_.try_emplace(unit);
  Asked& asked = at->second;
  const bool is_more_urgent = is_waited_for && !asked.is_waited_for;
  if (is_new || asked.is_given_up) ++awaited_;
  asked.is_given_up = false;
  asked.is_waited_for = asked.is_waited_for || is_waited_for;
  if (!is_new && !is_more_urgent) return false;
  if (asked.is_sent) return true;
  if (sent_ >= wire::kMaxUnitsAskedFor) {
    (is_waited_for ? waited_for_ : ahead_).insert(unit);
    return false;
  }
  waited_for_.erase(unit);
  ahead_.erase(unit);
  asked.is_sent = true;
  ++sent_;
  return true;
}

std::optional<ClaimedUnits::Order> ClaimedUnits::next() {
  if (sent_ >= wire::kMaxUnitsAskedFor) return std::nullopt;
  std::optional<uint64_t> unit = take_turn(waited_for_);
  if (!unit) unit = take_turn(ahead_);
  if (!unit) return std::nullopt;
  Asked& asked = asked_.at(*unit);
  asked.is_sent = true;
  ++sent_;
  return Order{*unit, asked.is_waited_for};
}

std::optional<uint64_t> ClaimedUnits::take_turn(std::set<uint64_t>& turns) {
  while (!turns.empty()) {
    const uint64_t unit = *turns.begin();
    turns.erase(turns.begin());
    const auto at = asked_.find(unit);
    if (at != asked_.end() && !at->second.is_sent) return unit;
  }
  return std::nullopt;
}

std::vector<uint64_t> ClaimedUnits::take_answered(PageRange units) {
  std::vector<uint64_t> answered;
  auto at = asked_.lower_bound(units.first);
  while (at != asked_.end() && at->first < units.end()) {
    answered.push_back(at->first);
    if (at->second.is_sent) --sent_;
    if (!at->second.is_given_up) --awaited_;
    at = asked_.erase(at);
  }
  return answered;
}

bool ClaimedUnits::cancel(uint64_t unit) {
  const auto at = asked_.find(unit);
  if (at == asked_.end() || at->second.is_waited_for || at->second.is_given_up) return false;
  const bool was_sent = at->second.is_sent;
  if (was_sent) --sent_;
  --awaited_;
  asked_.erase(at);
  return was_sent;
}

std::vector<uint64_t> ClaimedUnits::ready(PageRange units) {
  lack(units);
  ready_.add(units);
  ready_count_ += units.count;
  return take_answered(units);
}

void ClaimedUnits::lack(PageRange units) {
  for (PageRange run = ready_.first_run(units); !run.is_empty(); run = ready_.first_run(units)) {
    ready_.remove(run);
    ready_count_ -= run.count;
  }
}

std::vector<uint64_t> ClaimedUnits::failed(PageRange units) { return take_answered(units); }

std::vector<uint64_t> ClaimedUnits::give_up() {
  std::vector<uint64_t> given_up;
  for (auto at = asked_.begin(); at != asked_.end();) {
    if (!at->second.is_given_up) given_up.push_back(at->first);
    at->second.is_given_up = true;
    at->second.is_waited_for = false;
    at = at->second.is_sent ? std::next(at) : asked_.erase(at);
  }
  awaited_ = 0;
  return given_up;
}

bool ClaimedUnits::is_hole(uint64_t unit) {
  if (!ready_.contains(unit)) return true;
  lack({unit, 1});
  return holes_.insert(unit).second;
}

bool ClaimedUnits::recall(PageRange units) {
  const bool is_pinned =
      std::any_of(pins_.begin(), pins_.end(), [&](const auto& pin) { return units.contains(pin.first); });
  if (is_pinned) return false;
  lack(units);
  // The next time it is told of is another time.
  holes_.erase(holes_.lower_bound(units.first), holes_.lower_bound(units.end()));
  return true;
}

void ClaimedUnits::pin(PageRange units) {
  for (uint64_t unit = units.first; unit < units.end(); ++unit) ++pins_[unit];
}

void ClaimedUnits::unpin(PageRange units) {
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    const auto at = pins_.find(unit);
    if (at != pins_.end() && --at->second == 0) pins_.erase(at);
  }
}

}  // namespace vmoffer
