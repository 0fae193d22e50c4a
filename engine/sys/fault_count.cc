#include "engine/sys/fault_count.h"

#include <sys/resource.h>

namespace vmoffer {

uint64_t own_faults() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_minflt) + static_cast<uint64_t>(usage.ru_majflt);
}

}  // namespace vmoffer
