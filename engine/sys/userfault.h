// UserFault: one userfaultfd of this process. The descriptor may be used by any thread; one thread reads faults from
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/status.h"
#include "engine/sys/copy_outcome.h"
#include "engine/sys/unique_fd.h"
#include "engine/sys/userfault_lack.h"

namespace vmoffer {

struct Fault {
  uint64_t address = 0;  // the byte that was touched, or its page's first where the kernel does not say
  bool is_minor = false;
  bool is_write = false;
  uint32_t thread_id = 0;  // 0 where the kernel does not say
};

struct CopyProgress {
  CopyOutcome outcome = CopyOutcome::kFailed;
  uint64_t bytes = 0;  // installed from the start of the range
  int error_number = 0;
};

class UserFault {
 public:
  enum class Reach {
    kUserOnly,  // a system call that touches an absent page fails with EFAULT
    kUserAndKernel,
  };

  static Result<UserFault> open(Reach reach);

  int fd() const { return fd_.get(); }

  // For MINOR and MISSING faults. Costs the same for every length.
  enum class Kind { kMapped, kAnonymous };
  Status add_range(uint64_t address, uint64_t byte_length, Kind kind) const;
  // Wakes whoever waits in the range; the kernel answers their faults from then on.
  void remove_range(uint64_t address, uint64_t byte_length) const;

  // Installs the object's own pages (UFFDIO_CONTINUE) and wakes whoever waits for them.
  CopyProgress install(uint64_t address, uint64_t byte_length) const;
  // Zeros, copies of other memory of this process (UFFDIO_COPY), and that memory itself (UFFDIO_MOVE), for ranges of
  // private anonymous memory.
  CopyProgress install_zeros(uint64_t address, uint64_t byte_length) const;
  CopyProgress install_copy(uint64_t address, uint64_t source, uint64_t byte_length) const;
  CopyProgress install_move(uint64_t address, uint64_t source, uint64_t byte_length) const;
  void wake(uint64_t address, uint64_t byte_length) const;

  // Waits for a fault, and gives it and those that have come with it. One system call, where polling first takes two
  // and a fourth of the time that an answer takes. False when the descriptor is broken.
  bool wait_for_faults(std::vector<Fault>& faults) const;

 private:
  explicit UserFault(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// WriteGuard: makes threads of this process that write into a range wait, until it is lifted. Readers go on. For a
// moment only: nobody tells those who wait how long. Any thread may use it, for ranges of its own.
class WriteGuard {
 public:
  // Takes what the process may have: with user faults only, a system call that writes into the range meanwhile fails
  // with EFAULT instead of waiting.
  static Result<WriteGuard> open();

  // The range must be mapped, and not be registered with another userfaultfd.
  Status hold(uint64_t address, uint64_t byte_length) const;
  // Also after the range has been mapped anew.
  void lift(uint64_t address, uint64_t byte_length) const;

 private:
  explicit WriteGuard(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// The feature bits this kernel offers; nothing where there is no userfaultfd for this process.
std::optional<uint64_t> userfault_features();
// What the kernel answers to a wish for faults of this reach.
UserfaultAnswers ask_userfault(UserFault::Reach reach);

}  // namespace vmoffer
