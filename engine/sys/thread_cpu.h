// thread_cpu: on which core a thread runs, and how to move to a core. To wake a thread on the core of the thread that
// waits for it costs a context switch. To wake it on another core costs an interrupt and a sleep state, ten times as
// much.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace vmoffer {

// Until the calling thread ends, ThreadCores reads its core from its rseq area, without a system call.
void enroll_this_thread();

// The cores on which the calling thread may run; empty if the kernel does not say.
std::vector<int> allowed_cores();

// The core on which the calling thread runs now; -1 if that cannot be told. Makes no system call.
int current_core();

// A hint: false if the kernel or the container refuses it, and then nothing has changed. REQUIRES: `cores` is not
// empty.
bool keep_this_thread_on(const std::vector<int>& cores);

// The same for any thread of this process.
bool keep_thread_on(int thread_id, const std::vector<int>& cores);

int own_thread_id();

// Moves the calling thread to another of its cores, which the kernel chooses. A hint, too: nothing happens where the
// thread has one core or may not move. The thread may run on all its cores again afterwards; what another process
// changes about that in the same microseconds is undone.
void leave_core();

// Lets another thread run that waits for the calling thread's core, if there is one.
void give_way();

// ThreadCores: on which core each of this process's threads runs, for a caller that asks all the time. Not thread-safe.
class ThreadCores {
 public:
  // The core of an enrolled thread. For any other thread, the core where it was last seen: it is looked up in /proc at
  // the 1st, 2nd, 4th … and then each 64th call, because that takes as long as answering a fault. -1 if unknown.
  int core_of(uint32_t thread_id);

 private:
  struct Sighting {
    int core = -1;
    uint32_t questions = 0;
  };
  std::unordered_map<uint32_t, Sighting> sightings_;
};

}  // namespace vmoffer
