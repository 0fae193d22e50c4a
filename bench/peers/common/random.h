/* A random order, which no read-ahead can guess. It is the same in every run. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Every place that is a multiple of the stride, in random order. Ends the program if there are fewer than `count`. */
static inline uint64_t* random_offsets(size_t bytes, size_t stride, size_t count) {
  const size_t places = bytes / stride;
  uint64_t* offsets = malloc(places * sizeof *offsets);
  if (offsets == NULL || places < count) {
    fprintf(stderr, "too many touches\n");
    exit(2);
  }
  for (size_t i = 0; i < places; ++i) offsets[i] = i * stride;
  shuffle(offsets, places);
  return offsets;
}
