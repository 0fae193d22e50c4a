// SupplyThread: the thread 'vmo-supply', one in each process, which reads the lines of supplied memory and keeps its
// deadlines. It must touch no memory whose pages may have to be brought, because it would wait for itself. It starts on
// first use, and runs until the process ends.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/event_loop.h"

namespace vmoffer {

// The loop of this process. Any thread. After an error (a limit on threads or descriptors) the next call tries again.
Result<EventLoop*> supply_loop();

}  // namespace vmoffer
