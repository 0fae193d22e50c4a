// ProcessIdentity: one process, held so that a later process with the same number is never taken for it.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

struct ProcessIdentity {
  int pid = 0;  // in this process's pid namespace
  UniqueFd pidfd;
  uint64_t unique_id = 0;  // the pidfs inode, never reused; 0 before Linux 6.9
};

// kNoProcess if no such process lives. A zombie does not live, and the number of a thread other than the first of its
// process is no pid.
Result<ProcessIdentity> identify_process(int pid);
// The process at the other end of a connected socket, as the kernel saw it when the connection was made.
Result<ProcessIdentity> identify_peer(int socket_fd);
// The same for a caller that knows its pid already. REQUIRES: the kernel says that it is the peer's; 0 if it has none
// here.
Result<ProcessIdentity> identify_peer(int socket_fd, int pid);

// The unique_id of the process at the other end, even if that has no pid here. 0 before Linux 6.9.
uint64_t unique_id_of_peer(int socket_fd);

bool is_alive(const ProcessIdentity& process);
// True if the process has begun to end or has ended, and if that cannot be told.
bool may_be_ending(const ProcessIdentity& process);
// REQUIRES: each was identified while its process could have lived.
bool is_same_process(const ProcessIdentity& a, const ProcessIdentity& b);

int own_pid();
// How many descriptors this process may have (RLIMIT_NOFILE), as of some milliseconds ago at most.
uint64_t max_descriptors();
// A number that no other pid namespace of the machine has; 0 if /proc does not say.
uint64_t own_pid_namespace();

}  // namespace vmoffer
