#include "engine/supply/lease_directory.h"

namespace vmoffer {

void LeaseDirectory::use(uint64_t number) {
  Unit& unit = units_[number];
  if (unit.recall != 0) return;
  by_use_.erase(unit.used_at);
  unit.used_at = ++last_use_;
  by_use_.emplace(unit.used_at, number);
}

void LeaseDirectory::hold(HolderId holder, uint64_t number) { units_.at(number).holders.insert(holder); }

std::optional<uint64_t> LeaseDirectory::oldest() const {
  if (by_use_.empty()) return std::nullopt;
  return by_use_.begin()->second;
}

LeaseDirectory::Recall LeaseDirectory::recall(uint64_t number, Time now) {
  Unit& unit = units_.at(number);
  by_use_.erase(unit.used_at);
  unit.recall = ++last_recall_;
  if (!unit.holders.empty()) recalls_.emplace(unit.recall, Asked{number, now + patience_, unit.holders});
  return {unit.recall, {unit.holders.begin(), unit.holders.end()}};
}

std::optional<uint64_t> LeaseDirectory::give(HolderId holder, RecallNumber number) {
  const auto at = recalls_.find(number);
  if (at == recalls_.end() || at->second.unanswered.count(holder) == 0) return std::nullopt;
  units_.at(at->second.unit).holders.erase(holder);
  return answered(number, holder);
}

std::optional<uint64_t> LeaseDirectory::answered(RecallNumber number, HolderId holder) {
  Asked& asked = recalls_.at(number);
  asked.unanswered.erase(holder);
  if (!asked.unanswered.empty()) return std::nullopt;
  const uint64_t unit = asked.unit;
  recalls_.erase(number);
  return unit;
}

void LeaseDirectory::keep(HolderId holder, RecallNumber number) {
  const auto at = recalls_.find(number);
  if (at != recalls_.end() && at->second.unanswered.count(holder) != 0) end_recall(number);
}

// Counts the unit as used, so that others are recalled before it is tried again.
void LeaseDirectory::end_recall(RecallNumber number) {
  const uint64_t unit = recalls_.at(number).unit;
  recalls_.erase(number);
  units_.at(unit).recall = 0;
  use(unit);
}

std::vector<uint64_t> LeaseDirectory::forget(HolderId holder) {
  for (auto& [number, unit] : units_) unit.holders.erase(holder);
  std::vector<RecallNumber> asked_of_it;
  for (const auto& [number, asked] : recalls_) {
    if (asked.unanswered.count(holder) != 0) asked_of_it.push_back(number);
  }
  std::vector<uint64_t> free;
  for (const RecallNumber number : asked_of_it) {
    if (const std::optional<uint64_t> unit = answered(number, holder)) free.push_back(*unit);
  }
  return free;
}

void LeaseDirectory::postpone(Duration pause) {
  for (auto& [number, asked] : recalls_) asked.deadline += pause;
}

std::vector<LeaseDirectory::Late> LeaseDirectory::expire(Time now) {
  std::vector<Late> late;
  std::vector<RecallNumber> numbers;
  for (const auto& [number, asked] : recalls_) {
    if (asked.deadline > now) continue;
    late.push_back({asked.unit, {asked.unanswered.begin(), asked.unanswered.end()}});
    numbers.push_back(number);
  }
  for (const RecallNumber number : numbers) end_recall(number);
  return late;
}

std::optional<LeaseDirectory::Time> LeaseDirectory::next_deadline() const {
  // All recalls have the same patience, so the first one is the first to expire.
  if (recalls_.empty()) return std::nullopt;
  return recalls_.begin()->second.deadline;
}

void LeaseDirectory::dropped(uint64_t number) { units_.erase(number); }

bool LeaseDirectory::is_recalled(uint64_t number) const {
  const auto at = units_.find(number);
  return at != units_.end() && at->second.recall != 0;
}

}  // namespace vmoffer
