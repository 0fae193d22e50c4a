/*
 * Reads memory, on the library's side and on its peers': every byte, once, with the same code. The sum shows that
 * nothing is missing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Every processor has registers for this. Without vectors the code would be slower than the memory. */
typedef uint64_t two_words __attribute__((vector_size(16), aligned(8), may_alias));

/* REQUIRES: the start is aligned to 8, and bytes is a multiple of 64. */
static inline uint64_t sum_of_words(const void* start, size_t bytes) {
  const two_words* pairs = (const two_words*)start;
  two_words a = {0}, b = {0}, c = {0}, d = {0};
  for (size_t at = 0; at < bytes / sizeof *pairs; at += 4) {
    a += pairs[at];
    b += pairs[at + 1];
    c += pairs[at + 2];
    d += pairs[at + 3];
  }
  const two_words total = a + b + c + d;
  return total[0] + total[1];
}
