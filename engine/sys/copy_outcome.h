// CopyOutcome: what the result of one page-installing ioctl means for its caller. Pure.
#pragma once

#include <cstdint>

namespace vmoffer {

enum class CopyOutcome : uint8_t {
  kDone,          // the whole range is installed
  kPartial,       // the first part of it is: go on behind that
  kAlreadyThere,  // the first page is installed already: skip it
  kRetry,         // the address space is changing and nothing was done: try again
  kHole,          // the object has no page there yet
  kGone,          // the range is no longer registered, or its process is ending
  kFailed,
};

// `result` and `error_number` are the ioctl's; `bytes` is the field in which the kernel counts installed bytes.
CopyOutcome classify_copy(int result, int error_number, int64_t bytes);

}  // namespace vmoffer
