// put_stale: fills a region's range whose memory has gone, for as long as the program may hold pointers to it.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

// Replaces the range in one step: an access at any moment finds the old bytes or the empty range. From then on the
// program itself reads zeros, and a system call that gets an address in the range fails with EFAULT
// (engine/sys/stale_fault.h). If this process can have no userfaultfd, system calls find zeros, too. Waits for the
// thread 'vmo-stale', which moves to the caller's core for this. Any thread.
Status put_stale(Mapping& mapping, uint64_t byte_offset, uint64_t byte_length);

}  // namespace vmoffer
