// SpareDescriptors: keeps a few descriptors back, so that a process that has used up all others can still answer a
// question. One thread.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/sys/unique_fd.h"

namespace vmoffer {

class SpareDescriptors {
 public:
  explicit SpareDescriptors(size_t count) : count_(count) { keep(); }

  // Opens those that are missing, as far as the limit allows.
  void keep();
  // Closes them, so that this process can open others.
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
