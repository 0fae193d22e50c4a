// call_within: makes a system call on a descriptor, on a thread that may be lost.
//
// A process that has a memory object open for writing can hold the inode's lock for as long as it likes: it calls
// write() from memory whose page fault it answers when it pleases (a userfaultfd, a file of FUSE). Sealing, punching
// holes and looking for data take that lock, and a thread that waits for it cannot be woken.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

namespace vmoffer {

// How long a thread waits for such work before it goes on without. Ordinarily the work takes microseconds.
inline constexpr std::chrono::milliseconds kPatienceWithStrangers{200};

struct CallResult {
  long value = -1;
  int error_number = 0;
};

// Returns nothing if the call takes longer than `patience`. The call may still end at any later time; until then no
// other call on the same file is tried. `call` gets a descriptor of its own. Any thread.
std::optional<CallResult> call_within(std::chrono::milliseconds patience, int fd, std::function<long(int)> call);

// Runs `work` on a thread that may be lost, when one is to be had. Any thread.
void run_expendably(std::function<void()> work);

}  // namespace vmoffer
