// StaleFault: a userfaultfd for ranges whose memory has gone while the program may still hold pointers to them. It
// answers a touch by the program itself with a page of zeros. A system call that gets such an address fails with
// EFAULT, so that no zeros are sent for data. It needs no privilege. Any thread may call map(); one thread answers.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/mapping.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class StaleFault {
 public:
  static Result<StaleFault> open();

  // A mapping without pages. Wherever it is moved to, answer() answers touches of it. Moving it waits until answer()
  // has read the event.
  Result<Mapping> map(uint64_t byte_length) const;
  // Waits for touches and answers them. Returns if the descriptor is broken.
  void answer() const;

 private:
  explicit StaleFault(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace vmoffer
