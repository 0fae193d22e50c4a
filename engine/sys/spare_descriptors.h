// SpareDescriptors: a few descriptors kept back, so that a process which has used up all others can still answer for a
// moment. One thread.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/sys/unique_fd.h"

namespace vmoffer {

class SpareDescriptors {
 public:
  explicit SpareDescriptors(size_t count) : count_(count) { keep(); }

  // Takes those that are missing, as far as there are any.
  void keep();
  // From here on they are free, for whatever this process opens next.
  void let_go() { kept_.clear(); }
  bool has_any() const { return !kept_.empty(); }
  bool has_all() const { return kept_.size() == count_; }

  SpareDescriptors(const SpareDescriptors&) = delete;
  SpareDescriptors& operator=(const SpareDescriptors&) = delete;

 private:
  const size_t count_;
  std::vector<UniqueFd> kept_;
};

}  // namespace vmoffer
