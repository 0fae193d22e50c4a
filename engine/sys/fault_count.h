// fault_count: how many page faults this process has had, in all its threads, which the kernel has answered itself or
// by a read (getrusage(2)). One system call, from any thread.
#pragma once

#include <cstdint>

namespace vmoffer {

uint64_t own_faults();

}  // namespace vmoffer
