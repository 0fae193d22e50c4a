/* The byte that fills all memory, here and in the library's source process, and the sum of memory filled with it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FILLING 0x5a

static inline uint64_t sum_of_filling(size_t bytes) { return (bytes / 8) * UINT64_C(0x5a5a5a5a5a5a5a5a); }
