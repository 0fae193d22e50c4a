#include "engine/sys/kernel_support.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/base/text.h"
#include "engine/base/units.h"
#include "engine/sys/huge_page_size.h"
#include "engine/sys/mapping.h"
#include "engine/sys/memory_object.h"
#include "engine/sys/page_table.h"
#include "engine/sys/process.h"
#include "engine/sys/text_file.h"
#include "engine/sys/transparent_huge_pages.h"
#include "engine/sys/userfault.h"
#include "engine/sys/userfault_abi.h"
#include "engine/sys/userfault_lack.h"

namespace vmoffer {
namespace {

std::string words(int error_number) {
  char buffer[128];
  return strerror_r(error_number, buffer, sizeof buffer);
}

// 0 none, 1 strict, 2 filter; nothing if /proc does not say.
std::optional<uint64_t> seccomp_mode() {
  const std::string status = read_text_file("/proc/self/status").value_or("");
  std::optional<std::string_view> rest = find_line(status, "Seccomp:");
  return rest ? take_number(*rest) : std::nullopt;
}

Capability yes(std::string name, std::string detail) { return {std::move(name), true, std::move(detail), "", ""}; }

Capability no(std::string name, std::string detail, std::string cause, std::string remedy) {
  return {std::move(name), false, std::move(detail), std::move(cause), std::move(remedy)};
}

std::string cause_of(const Status& status, const char* needed_call) {
  const bool is_unknown = status.error_number() == ENOSYS;
  return (is_unknown ? std::string("this kernel has no ") + needed_call + ": " : "") + status.message();
}

Capability memory_objects() {
  const char* name = "memory objects";
  const char* detail = "memfd_create with seals: needed for everything";
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(page_bytes(), false);
  if (object.is_ok()) return yes(name, detail);
  return no(name, detail, cause_of(object.status(), "memfd_create"),
            "use Linux 3.17 or later and a seccomp profile that allows memfd_create");
}

Capability process_handles() {
  const char* name = "process handles";
  const char* detail = "pidfd_open: needed to make and to take offers";
  Result<ProcessIdentity> self = identify_process(own_pid());
  if (self.is_ok()) return yes(name, detail);
  return no(name, detail, cause_of(self.status(), "pidfd_open"),
            "use Linux 5.3 or later and a seccomp profile that allows pidfd_open");
}

Capability unique_process_ids() {
  const char* name = "unique process ids";
  const char* detail = "pidfs: a process is told from a later one with the same pid";
  Result<ProcessIdentity> self = identify_process(own_pid());
  if (self.is_ok() && self.value().unique_id != 0) return yes(name, detail);
  return no(name, detail, "this kernel's process handles have no unique inode",
            "none needed: live handles are compared instead; Linux 6.9 has it");
}

Capability peer_handles() {
  const char* name = "peer process handles";
  const char* detail = "SO_PEERPIDFD: who is at the other end, beyond its pid";
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
  const bool is_unknown = errno == ENOPROTOOPT;
  return no(name, detail, (is_unknown ? "this kernel has no SO_PEERPIDFD: " : "") + words(errno),
            "none needed: SO_PEERCRED is used instead; Linux 6.5 has it");
}

struct Refusal {
  std::string cause;
  std::string remedy;
};

std::string state_of_device(const char* path) {
  struct stat attributes;
  if (::stat(path, &attributes) != 0) return std::string(path) + " does not exist (Linux 6.1 has it)";
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", attributes.st_mode & 07777U);
  return std::string(path) + " has mode " + mode + " and belongs to uid " + std::to_string(attributes.st_uid) +
         " and gid " + std::to_string(attributes.st_gid);
}

// Why this process may not answer faults in the kernel, though it may answer those in user mode.
Refusal lack_of_rights() {
  const std::string sysctl = first_line_of("/proc/sys/vm/unprivileged_userfaultfd");
  return {"vm.unprivileged_userfaultfd is " + (sysctl.empty() ? "unknown" : sysctl) +
              ", this process lacks CAP_SYS_PTRACE, and " + state_of_device("/dev/userfaultfd"),
          "one of: sysctl -w vm.unprivileged_userfaultfd=1; setcap cap_sys_ptrace+ep on the node binary; chmod or "
          "chgrp /dev/userfaultfd so that this user may open it (in a container also: --device /dev/userfaultfd)"};
}

Refusal filter_in_force(int error_number) {
  const bool is_seccomp = seccomp_mode() == 2;
  return {(is_seccomp ? "a seccomp filter is in force, and userfaultfd answers: "
                      : "the system call itself is forbidden, perhaps by a security module; it answers: ") +
              words(error_number),
          is_seccomp ? "allow userfaultfd in the seccomp profile (Docker: --security-opt seccomp=FILE)"
                     : "allow userfaultfd in the security module's policy"};
}

Refusal too_old_for_faults(int error_number) {
  const std::string answer = error_number == 0 ? "" : "; userfaultfd answers: " + words(error_number);
  return {"this kernel's userfaultfd has no minor faults on shared memory" + answer,
          "none: claims are paged by the kernel; Linux 5.14 has what is needed"};
}

Refusal refusal_of(UserfaultLack lack, int error_number) {
  switch (lack) {
    case UserfaultLack::kSystemCall:
      return {"this kernel has no userfaultfd (CONFIG_USERFAULTFD off, or a sandbox such as gVisor)",
              "none: claims are paged by the kernel, which is lazy and correct, too"};
    case UserfaultLack::kDescriptors:
      return {words(error_number), "raise the limit of open files (ulimit -n), or close some"};
    case UserfaultLack::kUserModeFaults:
      return {"this kernel's userfaultfd has no faults of user mode alone; it answers: " + words(error_number),
              "none: this kernel has no faults of user mode alone; Linux 5.11 has them"};
    case UserfaultLack::kFeatures:
      return too_old_for_faults(error_number);
    case UserfaultLack::kForbidden:
      return filter_in_force(error_number);
    case UserfaultLack::kRights:
    case UserfaultLack::kNothing:
      break;
  }
  return lack_of_rights();
}

Capability userfault(UserFault::Reach reach) {
  const bool is_full = reach == UserFault::Reach::kUserAndKernel;
  const char* name = is_full ? "page faults" : "page faults, user mode only";
  const char* detail = is_full ? "userfaultfd: paging 'auto' takes 'userfault'"
                               : "userfaultfd, but not for system calls: paging 'userfault' by name";
  const UserfaultAnswers answers = ask_userfault(reach);
  const UserfaultLack lack = what_userfault_lacks(answers);
  if (lack == UserfaultLack::kNothing) return yes(name, detail);
  Refusal refusal = refusal_of(lack, answers.refusal);
  return no(name, detail, std::move(refusal.cause), std::move(refusal.remedy));
}

Capability moving_pages() {
  const char* name = "moving pages";
  const char* detail = "UFFDIO_MOVE: bulk pulls put whole huge pages in place";
  const std::optional<uint64_t> features = userfault_features();
  if (features && (*features & UFFD_FEATURE_MOVE) != 0) return yes(name, detail);
  return no(name, detail,
            features ? "this kernel's userfaultfd has no UFFDIO_MOVE"
                     : "there is no userfaultfd for this process, and so no UFFDIO_MOVE",
            "none needed: pages are copied instead; Linux 6.8 has it");
}

Capability reserved_huge_pages() {
  const char* name = "reserved huge pages";
  const char* detail = "allocate(…, { hugePages: true }) takes them from the pool";
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(huge_page_bytes(), true);
  if (object.is_ok()) {
    Result<Mapping> mapping = Mapping::of_object(object.value()->fd(), huge_page_bytes(), Sharing::kShared,
                                                 Protection{true, false}, /*reserve=*/true);
    if (mapping.is_ok()) return yes(name, detail);
  }
  const std::string size = std::to_string(huge_page_bytes() / kMiB) + " MiB";
  return no(name, detail,
            "no " + size + " page is free in the pool (vm.nr_hugepages is " +
                first_line_of("/proc/sys/vm/nr_hugepages") + ")",
            "sysctl -w vm.nr_hugepages=N, for N pages of " + size + "; until then transparent huge pages are tried");
}

// In the way that allocate() does.
bool can_join_pages() {
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(huge_page_bytes(), false);
  if (!object.is_ok()) return false;
  Result<Mapping> mapping = Mapping::of_object(object.value()->fd(), huge_page_bytes(), Sharing::kShared,
                                               Protection{true, false}, /*reserve=*/false);
  return mapping.is_ok() && make_huge_pages(mapping.value().address(), huge_page_bytes());
}

Capability transparent_huge_pages() {
  const char* name = "transparent huge pages";
  const char* detail = "allocate(…, { hugePages: true }) without a pool";
  if (can_join_pages()) return yes(name, detail);
  const std::string setting = first_line_of("/sys/kernel/mm/transparent_hugepage/shmem_enabled");
  return no(name, detail,
            "shmem_enabled is " + (setting.empty() ? "unknown" : setting) +
                ", and the kernel does not join pages when it is asked to (MADV_COLLAPSE, Linux 6.1)",
            "echo advise > /sys/kernel/mm/transparent_hugepage/shmem_enabled; memory has ordinary pages until then");
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
  const char* detail = "/proc/net/unix: offers made before one looked, within this network namespace";
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
