// The thread 'vmo-pager', which waits for faults and has the pager resolve them. It follows the threads that fault to
// their core, see placement.h.
#pragma once

#include "engine/base/status.h"
#include "engine/pager/pager.h"

namespace vmoffer {

// Borrows the pager. Both live as long as the process: only faults wake the thread, nothing stops it, and so an answer
// takes two system calls.
Status start_fault_thread(Pager& pager);

}  // namespace vmoffer
