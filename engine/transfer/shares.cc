#include "engine/transfer/shares.h"

namespace vmoffer {
namespace {

// The user is no part of the key if the process is known: a process that changes its user is still the same.
std::pair<uint64_t, uint32_t> key_of(const Sharer& sharer) {
  return {sharer.process, sharer.process == 0 ? sharer.user : 0};
}

template <typename Map, typename Key>
uint64_t count_of(const Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? 0 : found->second;
}

template <typename Map, typename Key>
void reduce(Map& map, const Key& key, uint64_t count) {
  const auto found = map.find(key);
  if (found == map.end()) return;
  found->second -= count;
  if (found->second == 0) map.erase(found);
}

}  // namespace

Shares::Verdict Shares::may_take(const Sharer& sharer, uint64_t count, uint64_t whole) const {
  if (all_ + count > whole) return Verdict::kNothingLeft;
  uint64_t rest = whole - all_ - count;
  const uint64_t process = of_process(sharer);
  const uint64_t user = sharer.is_own_user ? 0 : of_user(sharer);
  const Verdict others = user == 0 ? Verdict::kNothingLeft : Verdict::kUserHasItsShare;
  if (!sharer.is_own_user) {
    if (user + count > rest) return others;
    rest -= user + count;
  }
  if (process + count <= rest) return Verdict::kYes;
  return process == 0 ? others : Verdict::kProcessHasItsShare;
}

void Shares::take(const Sharer& sharer, uint64_t count) {
  if (count == 0) return;
  all_ += count;
  processes_[key_of(sharer)] += count;
  users_[sharer.user] += count;
}

void Shares::give_back(const Sharer& sharer, uint64_t count) {
  all_ -= count;
  reduce(processes_, key_of(sharer), count);
  reduce(users_, sharer.user, count);
}

uint64_t Shares::of_process(const Sharer& sharer) const { return count_of(processes_, key_of(sharer)); }
uint64_t Shares::of_user(const Sharer& sharer) const { return count_of(users_, sharer.user); }

Share::Share(Shares& shares, const Sharer& sharer, uint64_t count) : shares_(&shares), sharer_(sharer) { grow(count); }

void Share::grow(uint64_t count) {
  if (shares_ == nullptr) return;
  shares_->take(sharer_, count);
  count_ += count;
}

void Share::give_back() {
  if (shares_ != nullptr) shares_->give_back(sharer_, count_);
  count_ = 0;
}

void Share::swap(Share& other) noexcept {
  std::swap(shares_, other.shares_);
  std::swap(sharer_, other.sharer_);
  std::swap(count_, other.count_);
}

}  // namespace vmoffer
