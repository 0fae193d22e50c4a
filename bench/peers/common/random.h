/* A random order, which no read-ahead can guess. It is the same in every run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

static inline uint64_t next_random(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

static inline void shuffle(uint64_t* values, size_t count) {
  uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
  for (size_t last = count; last > 1; --last) {
    const size_t other = next_random(&state) % last;
    const uint64_t value = values[last - 1];
    values[last - 1] = values[other];
    values[other] = value;
  }
}
