/* A peer that cannot do its work says why and ends: a figure made up is worse than none. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

static inline void fail(const char* what) {
  perror(what);
  exit(1);
}
