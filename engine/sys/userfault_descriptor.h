// open_userfault: a new userfaultfd, by the system call or by /dev/userfaultfd. The device asks for no privilege but
// the right to open it, and a container's seccomp profile, which forbids the call, does not stand in its way. Any
// thread.
#pragma once

#include "engine/sys/unique_fd.h"

namespace vmoffer {

// Where there is none: errno is what the system call says.
UniqueFd open_userfault(int flags);

}  // namespace vmoffer
