#include "engine/sys/unique_fd.h"

#include <unistd.h>

namespace vmoffer {

void UniqueFd::reset() {
  // Linux closes the descriptor even when close() says EINTR: never call it twice.
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace vmoffer
