#include "engine/sys/process.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string_view>

#include "engine/base/text.h"
#include "engine/sys/call.h"
#include "engine/sys/once_per_tick.h"
#include "engine/sys/peer_credentials.h"
#include "engine/sys/text_file.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif

namespace vmoffer {
namespace {

constexpr uint64_t kExiting = 0x4;  // PF_EXITING of include/linux/sched.h

bool is_on_pidfs(int pidfd) {
  struct statfs file_system;
  return ::fstatfs(pidfd, &file_system) == 0 && file_system.f_type == PID_FS_MAGIC;
}

uint64_t unique_id_of(int pidfd) {
  static const bool has_unique_ids = is_on_pidfs(pidfd);  // the kernel makes all pidfds alike
  struct stat attributes;
  return has_unique_ids && ::fstat(pidfd, &attributes) == 0 ? attributes.st_ino : 0;
}

// From Linux 6.5 on. It names the very process that made the connection, even if that has been reaped or has no pid
// here.
UniqueFd pidfd_of_peer(int socket_fd) {
  int raw = -1;
  socklen_t size = sizeof raw;
  return UniqueFd(::getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &raw, &size) == 0 ? raw : -1);
}

Status no_process(int pid, const std::string& why, int error_number) {
  return Status(Code::kNoProcess,
                "no process " + std::to_string(pid) + ": " + why + "; pass the pid of a running process", error_number,
                error_number == 0 ? "" : "pidfd_open");
}

bool has_ended(int pidfd) {
  pollfd entry = {pidfd, POLLIN, 0};
  return retry_on_eintr([&] { return ::poll(&entry, 1, 0); }) == 1;
}

}  // namespace

Result<ProcessIdentity> identify_process(int pid) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.is_open()) {
    if (errno == ESRCH) return no_process(pid, "it does not exist or has ended", errno);
    if (errno == EINVAL || errno == ENOENT) return no_process(pid, "the number is a thread's", errno);
    return os_error(errno, "pidfd_open", "could not hold process " + std::to_string(pid));
  }
  if (has_ended(pidfd.get())) return no_process(pid, "it has ended", 0);
  const uint64_t unique_id = unique_id_of(pidfd.get());
  return ProcessIdentity{pid, std::move(pidfd), unique_id};
}

Result<ProcessIdentity> identify_peer(int socket_fd) {
  const Result<PeerCredentials> credentials = credentials_of_peer(socket_fd);
  if (!credentials.is_ok()) return credentials.status();
  return identify_peer(socket_fd, credentials.value().pid);
}

Result<ProcessIdentity> identify_peer(int socket_fd, int pid) {
  if (pid == 0) {
    return Status(Code::kNoProcess, "the peer is not visible from this process's pid namespace");
  }
  UniqueFd pidfd = pidfd_of_peer(socket_fd);
  if (!pidfd.is_open()) return identify_process(pid);
  const uint64_t unique_id = unique_id_of(pidfd.get());
  return ProcessIdentity{pid, std::move(pidfd), unique_id};
}

uint64_t unique_id_of_peer(int socket_fd) {
  const UniqueFd pidfd = pidfd_of_peer(socket_fd);
  return pidfd.is_open() ? unique_id_of(pidfd.get()) : 0;
}

bool is_alive(const ProcessIdentity& process) { return process.pidfd.is_open() && !has_ended(process.pidfd.get()); }

bool may_be_ending(const ProcessIdentity& process) {
  const std::optional<std::string> stat = read_text_file("/proc/" + std::to_string(process.pid) + "/stat");
  if (!stat || !is_alive(process)) return true;
  constexpr int kState = 3;
  constexpr int kFlags = 9;
  const std::string_view state = from_field_of_stat(*stat, kState);
  std::string_view flags = from_field_of_stat(*stat, kFlags);
  return state.starts_with('Z') || state.starts_with('X') || (take_number(flags).value_or(0) & kExiting) != 0;
}

bool is_same_process(const ProcessIdentity& a, const ProcessIdentity& b) {
  if (a.unique_id != 0 && b.unique_id != 0) return a.unique_id == b.unique_id;
  // Two live processes have different pids.
  return a.pid == b.pid && is_alive(a) && is_alive(b);
}

int own_pid() { return ::getpid(); }

uint64_t max_descriptors() {
  thread_local OncePerTick<uint64_t> known;
  return known.get([] {
    rlimit limit;
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? uint64_t{limit.rlim_cur} : 1024;
  });
}

uint64_t own_pid_namespace() {
  static std::atomic<uint64_t> known = 0;  // a process stays in its namespace; only its children can be in another
  if (known != 0) return known;
  struct stat attributes;
  if (::stat("/proc/self/ns/pid", &attributes) == 0) known = attributes.st_ino;
  return known;
}

}  // namespace vmoffer
