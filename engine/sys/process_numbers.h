// process_numbers: which process is meant by a number, as far as that can be said without holding it. Any thread.
#pragma once

#include <optional>

namespace vmoffer {

// The pid here of the process that made, or listens for, a connected socket's other end. 0: it is not visible from
// here, or nobody can tell.
int pid_of_peer(int socket_fd);
// False when the kernel says that nothing has this number.
bool may_be_alive(int pid);
// The number by which a process knows itself: another one than here when it is in a pid namespace of its own. Nothing
// when /proc does not tell.
std::optional<int> innermost_pid(int pid);

}  // namespace vmoffer
