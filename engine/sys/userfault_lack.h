// UserfaultLack: why this process cannot answer page faults, deduced from the kernel's answers. A feature that the
// kernel lacks comes before a permission that the process lacks, because the permission alone would not help. Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace vmoffer {

struct UserfaultAnswers {
  int refusal = 0;               // errno of the request for the wanted reach; 0 if it was granted
  int refusal_in_user_mode = 0;  // the same for faults in user mode alone
  bool wants_kernel_faults = false;
  // The features that the kernel offers; nothing if there was no descriptor to ask with. The library needs `needed`.
  std::optional<uint64_t> features;
  uint64_t needed = 0;
};

enum class UserfaultLack : uint8_t {
  kNothing,
  kSystemCall,      // the kernel has no userfaultfd at all
  kFeatures,        // it is older than what is needed
  kUserModeFaults,  // it is older than faults in user mode alone
  kDescriptors,     // the process has too many files open
  kRights,          // the kernel has it, and a process with more rights may use it
  kForbidden,       // a filter or a security module forbids the call itself
};

UserfaultLack what_userfault_lacks(const UserfaultAnswers& answers);

}  // namespace vmoffer
