// put_stale: what a region has where its memory has gone, for as long as somebody may hold a pointer there.
#pragma once

#include <cstdint>

#include "engine/base/status.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

// In one step: an access at any moment finds what was there, or nothing. From then on the program itself reads zeros,
// and a system call that is given an address in there fails with EFAULT (engine/sys/stale_fault.h). Where this process
// can have no userfaultfd, system calls find zeros, too. Waits for the thread 'vmo-stale', which comes to the
// caller's core for it; any thread may call it.
Status put_stale(Mapping& mapping, uint64_t byte_offset, uint64_t byte_length);

}  // namespace vmoffer
