/* Touches single pages, on the library's side and on its peers', with the same code and the same clock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"

/* Reads one byte at each offset, in this order. */
static inline void touch(const void* start, const uint64_t* offsets, size_t count) {
  const volatile char* bytes = (const volatile char*)start;
  for (size_t i = 0; i < count; ++i) (void)bytes[offsets[i]];
}

/* Writes one byte at each offset, in this order. */
static inline void write_touch(void* start, const uint64_t* offsets, size_t count) {
  volatile char* bytes = (volatile char*)start;
  for (size_t i = 0; i < count; ++i) bytes[offsets[i]] = 1;
}

/* As touch(), and stores how many nanoseconds each access took. */
static inline void time_touches(const void* start, const uint64_t* offsets, size_t count, double* took_ns) {
  const volatile char* bytes = (const volatile char*)start;
  for (size_t i = 0; i < count; ++i) {
    const double before = nanoseconds();
    (void)bytes[offsets[i]];
    took_ns[i] = nanoseconds() - before;
  }
}
