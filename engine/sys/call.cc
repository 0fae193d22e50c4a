#include "engine/sys/call.h"

#include <fcntl.h>

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

const char* remedy_of(int error_number) {
  switch (error_number) {
    case ENOMEM:
      return "; free memory, raise the cgroup's limit, or raise vm.max_map_count";
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
  return Status(code_of(error_number, otherwise), what + ": " + words + remedy_of(error_number), error_number, syscall);
}

Result<UniqueFd> duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.is_open()) return os_error(errno, "fcntl", "could not duplicate a descriptor");
  return copy;
}

}  // namespace vmoffer
