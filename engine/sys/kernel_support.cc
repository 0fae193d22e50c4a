#include "engine/sys/kernel_support.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/base/units.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "engine/sys/userfault.h"
#include "engine/sys/userfault_abi.h"

namespace vmoffer {
namespace {

std::string words(int error_number) {
  char buffer[128];
  return strerror_r(error_number, buffer, sizeof buffer);
}

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// 0 none, 1 strict, 2 filter; -1 unknown.
int seccomp_mode() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("Seccomp:", 0) == 0) return std::atoi(line.c_str() + 8);
  }
  return -1;
}

Capability yes(std::string name, std::string detail) { return {std::move(name), true, std::move(detail), "", ""}; }

Capability no(std::string name, std::string detail, std::string cause, std::string remedy) {
  return {std::move(name), false, std::move(detail), std::move(cause), std::move(remedy)};
}

Capability memory_objects() {
  const char* name = "memory objects";
  const char* detail = "memfd_create with seals: needed for everything";
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(page_bytes(), false);
  if (object.is_ok()) return yes(name, detail);
  return no(name, detail, object.status().message(),
            "use Linux 3.17 or later and a seccomp profile that allows memfd_create");
}

Capability process_handles() {
  const char* name = "process handles";
  const char* detail = "pidfd_open: needed to make and to take offers";
  Result<ProcessIdentity> self = identify_process(own_pid());
  if (self.is_ok()) return yes(name, detail);
  return no(name, detail, self.status().message(),
            "use Linux 5.3 or later and a seccomp profile that allows pidfd_open");
}

Capability unique_process_ids() {
  const char* name = "unique process ids";
  const char* detail = "pidfs: a process is told from a later one with the same pid by its inode";
  Result<ProcessIdentity> self = identify_process(own_pid());
  if (self.is_ok() && self.value().unique_id != 0) return yes(name, detail);
  return no(name, detail, "this kernel's process handles have no unique inode",
            "none needed: live handles are compared instead; Linux 6.9 has it");
}

Capability peer_handles() {
  const char* name = "peer process handles";
  const char* detail = "SO_PEERPIDFD: the peer of a connection is known beyond its pid";
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
    return no(name, detail, words(errno), "allow UNIX sockets");
  }
  const UniqueFd ends[2] = {UniqueFd(pair[0]), UniqueFd(pair[1])};
  int raw = -1;
  socklen_t size = sizeof raw;
  const bool is_available = ::getsockopt(pair[0], SOL_SOCKET, 77 /* SO_PEERPIDFD */, &raw, &size) == 0;
  const UniqueFd pidfd(is_available ? raw : -1);
  if (is_available) return yes(name, detail);
  return no(name, detail, words(errno), "none needed: SO_PEERCRED is used instead; Linux 6.5 has it");
}

struct Refusal {
  std::string cause;
  std::string remedy;
};

// Why the userfaultfd system call said no, in the order in which the kernel asks.
Refusal explain_userfault_refusal(int error_number) {
  if (error_number == ENOSYS) {
    return {"this kernel has no userfaultfd (CONFIG_USERFAULTFD off, or a sandbox such as gVisor)",
            "none: claims are paged by the kernel, which is lazy and correct, too"};
  }
  if (seccomp_mode() == 2) {
    return {"a seccomp filter is in force and userfaultfd answers: " + words(error_number),
            "allow userfaultfd in the container's seccomp profile, or give it /dev/userfaultfd"};
  }
  const std::string sysctl = first_line("/proc/sys/vm/unprivileged_userfaultfd");
  return {"vm.unprivileged_userfaultfd is " + (sysctl.empty() ? "unknown" : sysctl) +
              ", the process lacks CAP_SYS_PTRACE, and it may not open /dev/userfaultfd",
          "one of: sysctl -w vm.unprivileged_userfaultfd=1; setcap cap_sys_ptrace+ep on the node binary; "
          "chmod or chgrp /dev/userfaultfd so that this user may open it"};
}

Capability userfault(UserFault::Reach reach) {
  const bool is_full = reach == UserFault::Reach::kUserAndKernel;
  const char* name = is_full ? "page faults" : "page faults, user mode only";
  const char* detail = is_full ? "userfaultfd with kernel faults: paging 'auto' takes 'userfault'"
                               : "userfaultfd without kernel faults: paging 'userfault' when asked for by name; system "
                                 "calls on pages that are not there yet fail with EFAULT";
  const Status status = UserFault::can_open(reach);
  if (status.is_ok()) return yes(name, detail);
  const bool lacks_feature = std::strcmp(status.syscall(), "userfaultfd") != 0;
  if (lacks_feature) {
    return no(name, detail, status.message(), "none: claims are paged by the kernel; Linux 5.14 has what is needed");
  }
  Refusal refusal = explain_userfault_refusal(status.error_number());
  return no(name, detail, std::move(refusal.cause), std::move(refusal.remedy));
}

Capability moving_pages() {
  const char* name = "moving pages";
  const char* detail = "UFFDIO_MOVE: bulk pulls put whole huge pages in place";
  if ((userfault_features() & UFFD_FEATURE_MOVE) != 0) return yes(name, detail);
  return no(name, detail, "this kernel's userfaultfd does not offer UFFDIO_MOVE, or there is none",
            "none needed: pages are copied instead; Linux 6.8 has it");
}

Capability reserved_huge_pages() {
  const char* name = "reserved huge pages";
  const char* detail = "MFD_HUGETLB: allocate(…, { hugePages: true }) takes pages from the pool";
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(kHugePageBytes, true);
  if (object.is_ok()) {
    Result<Mapping> mapping = Mapping::of_object(object.value()->fd(), kHugePageBytes, Sharing::kShared,
                                                 Protection{true, false}, /*reserve=*/true);
    if (mapping.is_ok()) return yes(name, detail);
  }
  return no(name, detail,
            "no 2 MiB page is free in the pool (vm.nr_hugepages is " + first_line("/proc/sys/vm/nr_hugepages") + ")",
            "sysctl -w vm.nr_hugepages=N, for N pages of 2 MiB; until then transparent huge pages are tried");
}

Capability transparent_huge_pages() {
  const char* name = "transparent huge pages";
  const char* detail = "for shared memory, on advice: allocate(…, { hugePages: true }) without a pool";
  const std::string setting = first_line("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  for (const char* good : {"[always]", "[advise]", "[within_size]", "[force]"}) {
    if (setting.find(good) != std::string::npos) return yes(name, detail);
  }
  return no(name, detail, "shmem_enabled is " + (setting.empty() ? "unknown" : setting),
            "echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled");
}

Capability core_affinity() {
  const char* name = "core affinity";
  const char* detail = "sched_setaffinity: the pager follows the core of the thread that faults";
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && ::sched_setaffinity(0, sizeof set, &set) == 0) {
    return yes(name, detail);
  }
  return no(name, detail, words(errno), "allow sched_setaffinity in the seccomp profile; faults are slower without it");
}

Capability executable_memory() {
  const char* name = "executable memory";
  const char* detail = "allocate(…, { executable: true })";
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(page_bytes(), false);
  if (!object.is_ok()) return no(name, detail, object.status().message(), "see memory objects");
  Result<Mapping> mapping = Mapping::of_object(object.value()->fd(), page_bytes(), Sharing::kShared,
                                               Protection{true, true}, /*reserve=*/false);
  if (mapping.is_ok()) return yes(name, detail);
  return no(name, detail, mapping.status().message(), "allow it in the security module's policy (SELinux: execmem)");
}

Capability finding_others() {
  const char* name = "finding other processes";
  const char* detail =
      "/proc/net/unix: vmListOffer and incomingOffers see offers made before they looked. Processes in "
      "other network namespaces are never seen";
  const UniqueFd table(::open("/proc/net/unix", O_RDONLY | O_CLOEXEC));
  if (table.is_open()) return yes(name, detail);
  return no(name, detail, words(errno),
            "mount /proc; until then offers are seen only when they are made while watching");
}

}  // namespace

std::vector<Capability> probe_capabilities() {
  return {memory_objects(),
          process_handles(),
          peer_handles(),
          unique_process_ids(),
          finding_others(),
          userfault(UserFault::Reach::kUserAndKernel),
          userfault(UserFault::Reach::kUserOnly),
          moving_pages(),
          core_affinity(),
          reserved_huge_pages(),
          transparent_huge_pages(),
          executable_memory()};
}

std::string kernel_release() {
  utsname names;
  return ::uname(&names) == 0 ? names.release : "unknown";
}

}  // namespace vmoffer
