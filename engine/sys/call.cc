#include "engine/sys/call.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <cstring>

namespace vmoffer {
namespace {

Code code_of(int error_number, Code otherwise) {
  switch (error_number) {
    case ENOMEM:
      return Code::kNoMemory;
    case EMFILE:
    case ENFILE:
    case ETOOMANYREFS:
      return Code::kTooMany;
    case ENOSYS:
      return Code::kUnsupported;
    default:
      return otherwise;
  }
}

bool is_limited(__rlimit_resource resource) {
  rlimit limit;
  return ::getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

// If this process was given a limit, that is the likeliest cause.
const char* remedy_for_memory() {
  if (is_limited(RLIMIT_AS)) return "; raise the limit of address space (ulimit -v), or release regions and claims";
  if (is_limited(RLIMIT_DATA)) return "; raise the limit of private memory (ulimit -d), or release regions and claims";
  return "; free memory, raise the cgroup's limit, or raise vm.max_map_count";
}

const char* remedy_of(int error_number, const char* syscall) {
  switch (error_number) {
    case ENOMEM:
      return remedy_for_memory();
    case EFBIG:
      return "; raise the limit of file sizes (ulimit -f), which holds for memory objects, too";
    case EAGAIN:
      if (std::strcmp(syscall, "pthread_create") == 0) {
        return "; raise the limit of processes and threads (ulimit -u, or pids.max of the cgroup)";
      }
      if (std::strcmp(syscall, "mmap") == 0) return "; this process locks its memory: raise that limit (ulimit -l)";
      return "";
    case EMFILE:
      return "; release regions and claims, or raise the limit of open files (ulimit -n)";
    case ENFILE:
      return "; the machine is out of file descriptors (fs.file-max)";
    case ETOOMANYREFS:
      return "; too many descriptors are in flight for this user (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

Status os_error(int error_number, const char* syscall, const std::string& what, Code otherwise) {
  char buffer[128];
  const std::string words = strerror_r(error_number, buffer, sizeof buffer);
  return Status(code_of(error_number, otherwise), what + ": " + words + remedy_of(error_number, syscall), error_number,
                syscall);
}

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.is_open()) return os_error(errno, "fcntl", "could not duplicate a descriptor");
  return copy;
}

}  // namespace vmoffer
