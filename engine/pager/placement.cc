#include "engine/pager/placement.h"

#include <algorithm>

namespace vmoffer {

Placement::Placement(const std::vector<int>& allowed) {
  recent_.fill(kAnywhere);
  if (allowed.size() < 2) return;
  allowed_.resize(static_cast<size_t>(*std::max_element(allowed.begin(), allowed.end())) + 1);
  for (const int core : allowed) allowed_[static_cast<size_t>(core)] = true;
}

bool Placement::is_allowed(int core) const {
  return core >= 0 && static_cast<size_t>(core) < allowed_.size() && allowed_[static_cast<size_t>(core)];
}

bool Placement::is_run_of(int core) const {
  if (count_ == 1) return true;
  if (count_ < kFaultsToMove) return false;
  for (size_t back = 1; back <= kFaultsToMove; ++back) {
    if (recent_[(count_ - back) % kRemembered] != core) return false;
  }
  return true;
}

size_t Placement::share_of(int core) const {
  return static_cast<size_t>(std::count(recent_.begin(), recent_.end(), core));
}

void Placement::after_pause() {
  recent_.fill(kAnywhere);
  count_ = 0;
}

int Placement::after_fault(int core) {
  if (core < 0) return here_;
  recent_[count_++ % kRemembered] = core;
  if (core == here_) return here_;
  if (is_run_of(core)) {
    here_ = is_allowed(core) ? core : kAnywhere;
  } else if (here_ != kAnywhere && count_ >= kRemembered && share_of(here_) < kFaultsToStay) {
    here_ = kAnywhere;
  }
  return here_;
}

void Placement::refuse(int core) {
  if (is_allowed(core)) allowed_[static_cast<size_t>(core)] = false;
  here_ = kAnywhere;
}

}  // namespace vmoffer
