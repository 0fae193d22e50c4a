// UserfaultLack: why page faults cannot be handled here, by what the kernel answered. What the kernel lacks comes
// before what the process may not: leave to use it would change nothing. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace vmoffer {

struct UserfaultAnswers {
  int refusal = 0;               // errno for faults of the reach that is wanted, 0 where a descriptor was had
  int refusal_in_user_mode = 0;  // the same for faults in user mode alone
  bool wants_kernel_faults = false;
  // What the kernel offers, of which `needed` is needed; nothing where there was no descriptor to ask it with.
  std::optional<uint64_t> features;
  uint64_t needed = 0;
};

enum class UserfaultLack : uint8_t {
  kNothing,
  kSystemCall,      // the kernel has no userfaultfd at all
  kFeatures,        // it is older than what is needed
  kUserModeFaults,  // it is older than faults in user mode alone
  kDescriptors,     // the process has too many files open
  kRights,          // the kernel has it, and others may
  kLeave,           // a filter or a security module forbids the call itself
};

UserfaultLack what_userfault_lacks(const UserfaultAnswers& answers);

}  // namespace vmoffer
