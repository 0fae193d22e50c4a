// call: how the engine makes a system call, and the one place where errno becomes a Status.
#pragma once

#include <cerrno>
#include <string>

#include "engine/base/status.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {

// Repeats a call that a signal interrupted. The engine's threads block all signals, but a caller's thread may not.
template <typename Function>
auto retry_on_eintr(Function function) {
  auto result = function();
  while (result == -1 && errno == EINTR) result = function();
  return result;
}

// `what` says what could not be done and what to do about it. The message adds the system's own words. "Out of memory",
// "out of descriptors" and "not implemented" have codes of their own; any other errno gets `otherwise`.
Status os_error(int error_number, const char* syscall, const std::string& what, Code otherwise = Code::kUnsupported);

// Returns owned: a second descriptor of the same file, close-on-exec.
Result<UniqueFd> duplicate(int fd);

}  // namespace vmoffer
