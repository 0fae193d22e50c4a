// Placement: chooses the core for the pager's thread. Pure; not thread-safe.
//
// A wake-up on the core of the thread that faults takes a tenth of the time of a wake-up across cores, and moving takes
// as long as several answers. So the pager moves to the core of the first fault at once, and of the first one after a
// pause, and later moves if the last few faults all came from one other core. If faults come from several cores in
// turn, no core is better than the others, and the scheduler may choose, which may find an idle core.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace vmoffer {

class Placement {
 public:
  // Any core of the thread's original mask: the scheduler chooses.
  static constexpr int kAnywhere = -1;
  // The pager moves to a core after this many faults there in a row.
  static constexpr size_t kFaultsToMove = 6;
  // The pager leaves its core if fewer than kFaultsToStay of the last kRemembered faults came from it.
  static constexpr size_t kRemembered = 16;
  static constexpr size_t kFaultsToStay = 10;

  // `allowed`: the original mask. With fewer than two cores there is nothing to choose.
  explicit Placement(const std::vector<int>& allowed);

  // There were no faults for a while: what threads fault from here on nobody knows.
  void after_pause();
  // A fault of a thread on that core has been answered; negative if the core is unknown. Returns the core to be on now.
  int after_fault(int core);
  // The thread cannot move to that core: never choose it again.
  void refuse(int core);

 private:
  bool is_allowed(int core) const;
  bool is_run_of(int core) const;
  size_t share_of(int core) const;

  std::vector<bool> allowed_;  // by core
  std::array<int, kRemembered> recent_;
  size_t count_ = 0;
  int here_ = kAnywhere;
};

}  // namespace vmoffer
