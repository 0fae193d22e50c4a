#include "engine/sys/copy_outcome.h"

#include <cerrno>

namespace vmoffer {

CopyOutcome classify_copy(int result, int error_number, int64_t bytes) {
  if (result == 0) return CopyOutcome::kDone;
  if (bytes > 0) return CopyOutcome::kPartial;
  switch (error_number) {
    case EEXIST:
      return CopyOutcome::kAlreadyThere;
    case EAGAIN:
      return CopyOutcome::kRetry;
    case EFAULT:
      return CopyOutcome::kHole;
    case ENOENT:
    case EINVAL:
    case ESRCH:
      return CopyOutcome::kGone;
    default:
      return CopyOutcome::kFailed;
  }
}

}  // namespace vmoffer
