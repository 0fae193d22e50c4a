// StaleFault: a userfaultfd for ranges whose memory has gone and whose addresses are still held. A touch by the program
// itself is answered with a page of zeros. A system call that is given such an address fails with EFAULT, so that
// nobody sends zeros for data. It needs no privilege. Any thread may call map(); one thread answers.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/mapping.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

class StaleFault {
 public:
  static Result<StaleFault> open();

  // A mapping that has nothing. Wherever it is moved to, touches of it come here; to move it waits for answer().
  Result<Mapping> map(uint64_t byte_length) const;
  // Waits for touches and answers them. Returns when the descriptor is broken.
  void answer() const;

 private:
  explicit StaleFault(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace vmoffer
