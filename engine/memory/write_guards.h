// write_guard: the WriteGuard of the process, which holds up the writers of a range. Any thread.
#pragma once

#include "engine/base/status.h"
#include "engine/sys/userfault.h"

namespace vmoffer {

// Opened when it is first needed, and never closed: to close one, the kernel walks all mappings of the process.
// kUnsupported if this process can have none, for good. After any other failure the next call may succeed.
Result<const WriteGuard*> write_guard();

}  // namespace vmoffer
