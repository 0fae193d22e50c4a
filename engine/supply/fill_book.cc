#include "engine/supply/fill_book.h"

#include <algorithm>
#include <utility>

namespace vmoffer {

UnitState FillBook::ask(AskerId asker, uint64_t number, bool is_waited_for) {
  if (filled_.contains(number)) return UnitState::kFilled;
  const auto [at, is_new] = units_.try_emplace(number);
  Unit& unit = at->second;
  if (unit.state == UnitState::kFailed) return UnitState::kFailed;
  unit.askers.insert(asker);
  if (is_new) {
    unit.is_waited_for = is_waited_for;
    enqueue(number, unit);
  } else if (is_waited_for && !unit.is_waited_for) {
    if (unit.state == UnitState::kQueued) queue_of(unit).erase(unit.ticket);
    unit.is_waited_for = true;
    if (unit.state == UnitState::kQueued) enqueue(number, unit);
  }
  if (unit.state == UnitState::kFilling) want_again(unit.fill);
  return unit.state;
}

// Has no effect once the supplier has been told to stop.
void FillBook::want_again(FillId id) {
  const auto at = std::find(abandoned_.begin(), abandoned_.end(), id);
  if (at == abandoned_.end()) return;
  abandoned_.erase(at);
  fills_.at(id).is_abandoned = false;
}

void FillBook::enqueue(uint64_t number, Unit& unit) {
  unit.ticket = ++last_ticket_;
  queue_of(unit).emplace(unit.ticket, number);
}

void FillBook::cancel(AskerId asker, uint64_t number) {
  const auto at = units_.find(number);
  if (at == units_.end() || at->second.askers.erase(asker) == 0) return;
  if (at->second.askers.empty()) give_up(number, at->second);
}

void FillBook::forget(AskerId asker) {
  std::vector<uint64_t> asked_for;
  for (const auto& [number, unit] : units_) {
    if (unit.askers.count(asker) != 0) asked_for.push_back(number);
  }
  for (const uint64_t number : asked_for) cancel(asker, number);
}

// Invalidates `unit` if that was queued. A fill under way may still finish, and its bytes are used.
void FillBook::give_up(uint64_t number, Unit& unit) {
  if (unit.state == UnitState::kQueued) {
    queue_of(unit).erase(unit.ticket);
    units_.erase(number);
  } else if (unit.state == UnitState::kFilling && !std::exchange(fills_.at(unit.fill).is_abandoned, true)) {
    abandoned_.push_back(unit.fill);
  }
}

std::vector<FillId> FillBook::take_abandoned() { return std::exchange(abandoned_, {}); }

std::optional<FillOrder> FillBook::next_order(Time now) {
  Queue& queue = waited_for_.empty() ? ahead_ : waited_for_;
  const bool has_enough = with_supplier_ >= limits_.concurrency || fills_.size() >= 2 * limits_.concurrency;
  if (queue.empty() || has_enough) return std::nullopt;
  const uint64_t number = queue.begin()->second;
  queue.erase(queue.begin());
  Unit& unit = units_.at(number);
  unit.state = UnitState::kFilling;
  unit.fill = ++last_fill_;
  fills_.emplace(unit.fill, Fill{number, now, now + limits_.timeout});
  ++with_supplier_;
  return FillOrder{unit.fill, number, unit.is_waited_for};
}

FillBook::Unit* FillBook::unit_of(FillId id) {
  const auto fill = fills_.find(id);
  return fill == fills_.end() ? nullptr : &units_.at(fill->second.unit);
}

bool FillBook::begin_placing(FillId id) {
  Unit* const unit = unit_of(id);
  if (unit == nullptr || unit->state != UnitState::kFilling) return false;
  unit->state = UnitState::kPlacing;
  --with_supplier_;
  return true;
}

FillEnd FillBook::finish(FillId id) {
  const uint64_t number = fills_.at(id).unit;
  FillEnd ended = end(id, units_.at(number));
  units_.erase(number);
  filled_.add({number, 1});
  return ended;
}

std::optional<FillEnd> FillBook::fail(FillId id, Status why) {
  Unit* const unit = unit_of(id);
  if (unit == nullptr) return std::nullopt;
  if (fills_.at(id).is_abandoned && !unit->askers.empty()) {
    const uint64_t number = fills_.at(id).unit;
    erase_fill(id, *unit);
    unit->state = UnitState::kQueued;
    enqueue(number, *unit);
    return FillEnd{id, number, {}};
  }
  FillEnd ended = end(id, *unit);
  unit->state = UnitState::kFailed;
  unit->failure = std::move(why);
  // Nobody has to be told of the failure, so the next asker can try again.
  if (ended.askers.empty()) units_.erase(ended.unit);
  return ended;
}

void FillBook::erase_fill(FillId id, const Unit& unit) {
  if (unit.state == UnitState::kFilling) --with_supplier_;
  fills_.erase(id);
}

FillEnd FillBook::end(FillId id, Unit& unit) {
  FillEnd ended{id, fills_.at(id).unit, {unit.askers.begin(), unit.askers.end()}};
  erase_fill(id, unit);
  abandoned_.erase(std::remove(abandoned_.begin(), abandoned_.end(), id), abandoned_.end());
  unit.askers.clear();
  return ended;
}

bool FillBook::extend(FillId id, Time now) {
  const auto at = fills_.find(id);
  if (at == fills_.end()) return false;
  Fill& fill = at->second;
  fill.deadline = std::min(now + limits_.timeout, fill.started + kMostExtension * limits_.timeout);
  return true;
}

void FillBook::postpone(Duration pause) {
  for (auto& [id, fill] : fills_) {
    fill.started += pause;
    fill.deadline += pause;
  }
}

std::vector<FillEnd> FillBook::expire(Time now, const Status& why) {
  std::vector<FillId> late;
  for (const auto& [id, fill] : fills_) {
    if (fill.deadline <= now && units_.at(fill.unit).state == UnitState::kFilling) late.push_back(id);
  }
  std::vector<FillEnd> ended;
  ended.reserve(late.size());
  for (const FillId id : late) ended.push_back(*fail(id, why));
  return ended;
}

std::optional<FillBook::Time> FillBook::next_deadline() const {
  std::optional<Time> first;
  for (const auto& [id, fill] : fills_) {
    if (units_.at(fill.unit).state != UnitState::kFilling) continue;
    first = first ? std::min(*first, fill.deadline) : fill.deadline;
  }
  return first;
}

bool FillBook::begin_put(uint64_t number) {
  if (filled_.contains(number)) return false;
  Unit& unit = units_[number];
  if (unit.state == UnitState::kPlacing) return false;
  queue_of(unit).erase(unit.ticket);
  if (unit.state == UnitState::kFilling) {
    erase_fill(unit.fill, unit);
    abandoned_.push_back(unit.fill);
  }
  unit.fill = 0;
  unit.state = UnitState::kPlacing;
  return true;
}

FillEnd FillBook::finish_put(uint64_t number) {
  Unit& unit = units_.at(number);
  FillEnd ended{0, number, {unit.askers.begin(), unit.askers.end()}};
  units_.erase(number);
  filled_.add({number, 1});
  return ended;
}

void FillBook::give_up_put(uint64_t number) {
  Unit& unit = units_.at(number);
  if (unit.askers.empty()) {
    units_.erase(number);
    return;
  }
  unit.state = UnitState::kQueued;
  enqueue(number, unit);
}

bool FillBook::evict(uint64_t number) {
  if (!filled_.contains(number)) return false;
  filled_.remove({number, 1});
  return true;
}

bool FillBook::retry(uint64_t number) {
  const auto at = units_.find(number);
  if (at == units_.end() || at->second.state != UnitState::kFailed) return false;
  units_.erase(at);
  return true;
}

bool FillBook::is_waited_for(uint64_t number) const {
  const auto at = units_.find(number);
  return at != units_.end() && at->second.is_waited_for;
}

UnitState FillBook::state_of(uint64_t number) const {
  if (filled_.contains(number)) return UnitState::kFilled;
  const auto at = units_.find(number);
  return at == units_.end() ? UnitState::kAbsent : at->second.state;
}

}  // namespace vmoffer
