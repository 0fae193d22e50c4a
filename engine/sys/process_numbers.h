// process_numbers: which process a number means, as far as one can know without holding the process. Any thread.
#pragma once

#include <optional>

namespace vmoffer {

// The pid, in this process's namespace, of the process that made the other end of a connected socket or listens for it.
// 0 if the process has no pid here, or the kernel does not tell.
int pid_of_peer(int socket_fd);
// False if the kernel says that no process or thread has this number.
bool may_be_alive(int pid);
// The pid that a process has in its own pid namespace, which may be another one than here. Nothing if /proc does not
// tell.
std::optional<int> innermost_pid(int pid);

}  // namespace vmoffer
