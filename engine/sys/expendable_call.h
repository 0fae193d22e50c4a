// call_within: a system call on a descriptor, by a thread that may be lost.
//
// Whoever holds a memory object open for writing can hold its inode's lock for as long as he likes: by a write() from
// memory whose page fault he answers when he pleases (a userfaultfd, a file of FUSE). Sealing, punching holes and
// looking for data take that lock, and a thread that waits for it cannot be woken.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace vmoffer {

struct CallResult {
  long value = -1;
  int error_number = 0;
};

// Nothing when the call takes longer; it may still come to its end, at any later time. Then, until that one has ended,
// no other call on the same file is tried. `call` gets a descriptor of its own. Any thread.
std::optional<CallResult> call_within(std::chrono::milliseconds patience, int fd, std::function<long(int)> call);

}  // namespace vmoffer
