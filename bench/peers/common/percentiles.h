/* The distribution of what was measured. */
#pragma once

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static inline int compare_doubles(const void* a, const void* b) {
  const double left = *(const double*)a, right = *(const double*)b;
  return (left > right) - (left < right);
}

/* Prints p50, p90 and p99, or "nan nan nan" where nothing was measured. Sorts the values. */
static inline void print_percentiles(double* values, size_t count) {
  if (count == 0) {
    puts("nan nan nan");
  } else {
    qsort(values, count, sizeof *values, compare_doubles);
    printf("%.0f %.0f %.0f\n", values[count / 2], values[count * 9 / 10], values[count * 99 / 100]);
  }
  fflush(stdout);
}
