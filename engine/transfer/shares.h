// Shares: divides something limited among many sharers, any of which may be greedy. Pure; not thread-safe.
//
// A process may take more until it has as much as is left of the whole. The same holds for all processes of another
// user together. So a greedy sharer gets a half, a second one a quarter, and something is left for the next.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace vmoffer {

struct Sharer {
  uint64_t process = 0;  // a number that identifies the process; 0 if it cannot be told from others of its user
  uint32_t user = 0;
  bool is_own_user = false;  // the user of this process, to whom no limit for users applies
};

class Shares {
 public:
  enum class Verdict : uint8_t {
    kYes,
    kProcessHasItsShare,
    kUserHasItsShare,
    kNothingLeft,  // others have all of it
  };

  // `whole`: how much there is for all sharers now.
  Verdict may_take(const Sharer& sharer, uint64_t count, uint64_t whole) const;
  // Counts without a check, because the caller may have reasons to give more than may_take() allows.
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

// Takes an amount for one sharer, and gives it back on destruction. Borrows the shares.
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
