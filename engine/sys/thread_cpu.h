// thread_cpu: on which core a thread runs, and how to go there. Waking a thread on the core of the one that waits for
// it costs a context switch; waking it on another core costs an interrupt and a sleep state, ten times as much.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace vmoffer {

// Makes the calling thread's core cheap to ask for (its rseq area is read, without a system call) until the thread
// ends.
void enroll_this_thread();

// The cores on which the calling thread may run; empty when that can't be told.
std::vector<int> allowed_cores();

// Where the calling thread runs now; -1 when that can't be told. No system call.
int current_core();

// A hint: false when the kernel or the container will not have it, and then nothing has changed. REQUIRES: not empty.
bool keep_this_thread_on(const std::vector<int>& cores);

// ThreadCores: on which core each of this process's threads runs, for one that asks all the time. Not thread-safe.
class ThreadCores {
 public:
  // The core of an enrolled thread, or where any other was when it was last looked for: at its 1st, 2nd, 4th … and from
  // then on each 64th question, because /proc takes as long as answering a fault. -1 when that can't be told.
  int core_of(uint32_t thread_id);

 private:
  struct Sighting {
    int core = -1;
    uint32_t questions = 0;
  };
  std::unordered_map<uint32_t, Sighting> sightings_;
};

}  // namespace vmoffer
