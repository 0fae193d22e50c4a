// Placement: on which core the pager's thread should be. Pure; not thread-safe.
//
// A wake-up on the core of the thread that faults takes a tenth of the time of one across cores; moving takes as long
// as several answers. So the pager goes to the core of the first fault at once, and follows when the last few faults
// all came from another one. Where they come from several cores in turn, no core is better than the others: then it is
// left to the scheduler, which may find one that is idle.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace vmoffer {

class Placement {
 public:
  // On any core of the thread's original mask, as the scheduler likes.
  static constexpr int kAnywhere = -1;
  // So many faults in a row are a reason to move, …
  static constexpr size_t kFaultsToMove = 6;
  // … and fewer than so many of the last kRemembered are a reason to leave.
  static constexpr size_t kRemembered = 16;
  static constexpr size_t kFaultsToStay = 10;

  // `allowed`: the original mask. Where it has less than two cores there is nothing to choose.
  explicit Placement(const std::vector<int>& allowed);

  // A fault of a thread on that core has been answered; less than 0: nobody knows. Returns where to be from now on.
  int after_fault(int core);
  // The core is not to be had, whatever comes.
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
