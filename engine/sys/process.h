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

// kNoProcess when no such process lives (a zombie does not, a thread that is not its process's first has no such
// number).
Result<ProcessIdentity> identify_process(int pid);
// The process at the other end of a connected socket, as the kernel saw it when the connection was made.
Result<ProcessIdentity> identify_peer(int socket_fd);

// The same number for one that has no pid here, where the kernel tells it: from Linux 6.9 on, else 0.
uint64_t unique_id_of_peer(int socket_fd);

bool is_alive(const ProcessIdentity& process);
// It has begun to end, or has ended; also when nobody can tell.
bool may_be_ending(const ProcessIdentity& process);
// REQUIRES: the two were identified while the processes in question could have lived.
bool is_same_process(const ProcessIdentity& a, const ProcessIdentity& b);

int own_pid();
// How many descriptors this process may have (RLIMIT_NOFILE).
uint64_t max_descriptors();
// Names this process's pid namespace among all on the machine; 0 when /proc does not say.
uint64_t own_pid_namespace();

}  // namespace vmoffer
