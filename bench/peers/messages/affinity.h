/* Chooses the core that a thread runs on. */
#pragma once

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

/* Instead of a core's number: any core. */
#define ANY_CORE (-1)

/* Returns false if the kernel refuses. `thread` 0: the calling one. */
static inline bool pin(pid_t thread, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (core == ANY_CORE || core == i) CPU_SET(i, &cores);
  }
  return sched_setaffinity(thread, sizeof cores, &cores) == 0;
}
