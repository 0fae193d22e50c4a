// The process's WriteGuard, for whoever has to hold up the writers of a range. Any thread.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

// Opened when it is first needed, and kept: to close one, the kernel walks all mappings of the process. kUnsupported
// where this process can have none, and that is for good; it may succeed the next time after any other failure.
Result<const WriteGuard*> write_guard();

}  // namespace vmoffer
