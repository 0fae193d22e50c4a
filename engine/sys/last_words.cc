#include "engine/sys/last_words.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace vmoffer {

namespace {

// Terminals obey those of U+0080 to U+009F, too, which are two bytes in UTF-8.
void blank_control_characters(std::string& line) {
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  for (size_t at = line.find('\xc2'); at != std::string::npos; at = line.find('\xc2', at + 1)) {
    if (at + 1 < line.size() && static_cast<unsigned char>(line[at + 1]) < 0xa0) line.replace(at, 2, "  ");
  }
}

}  // namespace

void say_on_stderr(std::string line) {
  blank_control_characters(line);
  line += '\n';
  pollfd stderr_now = {STDERR_FILENO, POLLOUT, 0};
  // A pipe is writable when it takes PIPE_BUF bytes, which is more than a line.
  if (::poll(&stderr_now, 1, 0) != 1 || (stderr_now.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace vmoffer
