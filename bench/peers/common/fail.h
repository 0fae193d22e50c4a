/* If a peer cannot do its work it says why and exits: a made-up figure is worse than none. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

static inline void fail(const char* what) {
  perror(what);
  exit(1);
}
