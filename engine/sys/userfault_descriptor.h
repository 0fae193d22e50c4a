// open_userfault: opens a new userfaultfd, by the system call or through /dev/userfaultfd. The device needs no
// privilege but the right to open it, and a container's seccomp profile that forbids the call does not forbid the
// device. Any thread.
#pragma once

#include "engine/sys/unique_fd.h"

namespace vmoffer {

// If it fails, errno is that of the system call.
UniqueFd open_userfault(int flags);

}  // namespace vmoffer
