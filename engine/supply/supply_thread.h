// SupplyThread: 'vmo-supply', the one thread of a process on which the lines of supplied memory are heard and its
// deadlines pass. It touches no memory that may have to be brought: whoever it waited for would wait for it. Started on
// first use; it runs until the process ends.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/event_loop.h"

namespace vmoffer {

// The process's. Any thread. An error (a limit on threads or descriptors) is not remembered.
Result<EventLoop*> supply_loop();

}  // namespace vmoffer
