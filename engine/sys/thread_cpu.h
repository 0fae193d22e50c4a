// thread_cpu: on which core a thread runs, and how to go there. Waking a thread on the core of the one that waits for
// it costs a context switch; waking it on another core costs an interrupt and a sleep state, twenty times as much.
#pragma once

#include <cstdint>

namespace vmoffer {

// Makes the calling thread's core cheap to ask for (its rseq area is read, without a system call) until the thread
// ends.
void enroll_this_thread();

// The core on which a thread of this process ran last, -1 when that can't be told. Any thread may ask.
int core_of_thread(uint32_t thread_id);

// A hint: false when the kernel or the container will not have it, and then nothing has changed.
bool move_this_thread_to_core(int core);

}  // namespace vmoffer
