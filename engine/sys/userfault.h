// UserFault: one userfaultfd of this process. Any thread may use it; one thread reads faults from it.
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
  uint64_t address = 0;  // of the touched byte, or of its page if the kernel does not say more
  bool is_minor = false;
  bool is_write = false;
  uint32_t thread_id = 0;  // 0 if the kernel does not say
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

  // Registers a range for MINOR and MISSING faults. Costs the same at every length.
  enum class Kind { kMapped, kAnonymous };
  Status add_range(uint64_t address, uint64_t byte_length, Kind kind) const;
  // Wakes every thread that waits in the range. From then on the kernel answers its faults. The range may be a part of
  // what was registered. False if the kernel has refused, at the limit of mappings: then nothing has changed.
  bool remove_range(uint64_t address, uint64_t byte_length) const;

  // Installs the object's own pages (UFFDIO_CONTINUE) and wakes the threads that wait for them.
  CopyProgress install(uint64_t address, uint64_t byte_length) const;
  // For ranges of private anonymous memory. They install zeros, copies of other memory of this process (UFFDIO_COPY),
  // or that memory itself (UFFDIO_MOVE).
  CopyProgress install_zeros(uint64_t address, uint64_t byte_length) const;
  CopyProgress install_copy(uint64_t address, uint64_t source, uint64_t byte_length) const;
  CopyProgress install_move(uint64_t address, uint64_t source, uint64_t byte_length) const;
  // Whoever touches one of these pages is ended by SIGBUS, and a system call fails with EFAULT; whoever waits for one
  // is woken. Pages that are installed stay, and install() replaces the rest. False if the kernel cannot (before 6.6).
  bool poison(uint64_t address, uint64_t byte_length) const;
  void wake(uint64_t address, uint64_t byte_length) const;

  // Waits for faults and returns all that have come. It takes one system call; polling first would take two, and a
  // fourth of the time of an answer. False if the descriptor is broken.
  bool wait_for_faults(std::vector<Fault>& faults) const;

 private:
  explicit UserFault(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

// WriteGuard: makes threads of this process wait that write into a range, until the guard is lifted. Readers go on.
// Hold it for a moment only: the writers have no timeout. Any thread may use it, for ranges of its own.
class WriteGuard {
 public:
  // Uses the widest reach that the process may have. With faults in user mode alone, a system call that writes into the
  // range meanwhile fails with EFAULT instead of waiting.
  static Result<WriteGuard> open();

  // The range must be mapped, and not be registered with another userfaultfd.
  Status hold(uint64_t address, uint64_t byte_length) const;
  // Works also after the range has been mapped anew.
  void lift(uint64_t address, uint64_t byte_length) const;

 private:
  explicit WriteGuard(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// The feature bits that this kernel offers; nothing if this process may have no userfaultfd.
std::optional<uint64_t> userfault_features();
// What the kernel answers to a process that asks for faults of this reach.
UserfaultAnswers ask_userfault(UserFault::Reach reach);

}  // namespace vmoffer
