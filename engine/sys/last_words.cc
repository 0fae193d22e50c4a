#include "engine/sys/last_words.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace vmoffer {

void say_on_stderr(std::string line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  line += '\n';
  pollfd stderr_now = {STDERR_FILENO, POLLOUT, 0};
  // A pipe is writable when it takes PIPE_BUF bytes, which is more than a line.
  if (::poll(&stderr_now, 1, 0) != 1 || (stderr_now.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace vmoffer
