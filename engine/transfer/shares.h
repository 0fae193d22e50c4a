// Shares: how much each of many may have of something limited, when any of them may be greedy. Pure; one thread.
//
// A process may grow until it has as much as is left of the whole, and so may all processes of another user together.
// So one that is greedy comes to a half, a second one to a quarter, and something is left for whoever comes next.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace vmoffer {

struct Sharer {
  uint64_t process = 0;  // any number that tells it from others; 0: it is not told from others of its user
  uint32_t user = 0;
  bool is_own_user = false;  // shares with this process what a user may have, and is not held to a user's share
};

class Shares {
 public:
  enum class Verdict : uint8_t {
    kYes,
    kProcessHasItsShare,
    kUserHasItsShare,
    kNothingLeft,  // others have it
  };

  // `whole`: how much there is for all of them, now.
  Verdict may_take(const Sharer& sharer, uint64_t count, uint64_t whole) const;
  // Unconditionally: who decides otherwise for a reason of its own is counted, too.
  void take(const Sharer& sharer, uint64_t count);
  // REQUIRES: taken by the same sharer.
  void give_back(const Sharer& sharer, uint64_t count);

  uint64_t of_process(const Sharer& sharer) const;
  uint64_t of_user(const Sharer& sharer) const;
  uint64_t of_all() const { return all_; }

 private:
  using ProcessKey = std::pair<uint64_t, uint32_t>;

  uint64_t all_ = 0;
  std::map<ProcessKey, uint64_t> processes_;
  std::unordered_map<uint32_t, uint64_t> users_;
};

// What one sharer takes, until the end of this object. Borrows the shares.
class Share {
 public:
  Share() = default;
  Share(Shares& shares, const Sharer& sharer, uint64_t count);
  Share(Share&& other) noexcept { swap(other); }
  Share& operator=(Share&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Share() { give_back(); }

  void grow(uint64_t count);
  void give_back();
  const Sharer& sharer() const { return sharer_; }

  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  void swap(Share& other) noexcept;

  Shares* shares_ = nullptr;
  Sharer sharer_;
  uint64_t count_ = 0;
};

}  // namespace vmoffer
