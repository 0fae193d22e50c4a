// The thread 'vmo-pager', which waits for faults and has the pager resolve them. It is where the threads are that
// fault, see placement.h.
#pragma once

#include "engine/base/status.h"
#include "engine/pager/pager.h"

namespace vmoffer {

// Borrows the pager, which lives as long as the process, as the thread does: nothing but a fault wakes it, so that an
// answer takes two system calls.
Status start_fault_thread(Pager& pager);

}  // namespace vmoffer
