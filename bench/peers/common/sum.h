/*
 * How memory is read, by the library's side and by its peers': every byte, once, by the same code. The sum shows that
 * nothing is missing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* REQUIRES: bytes is a multiple of 64. */
static inline uint64_t sum_of_words(const void* start, size_t bytes) {
  const char* from = (const char*)start;
  uint64_t sums[8] = {0};
  for (size_t at = 0; at < bytes; at += 64) {
    uint64_t words[8];
    memcpy(words, from + at, sizeof words);
    for (int lane = 0; lane < 8; ++lane) sums[lane] += words[lane];
  }
  uint64_t total = 0;
  for (int lane = 0; lane < 8; ++lane) total += sums[lane];
  return total;
}
