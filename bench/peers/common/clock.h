/* The clock that every peer reads. */
#pragma once

#include <time.h>

static inline double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline double milliseconds(void) { return nanoseconds() / 1e6; }
