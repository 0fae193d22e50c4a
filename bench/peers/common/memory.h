/* A source's memory: a memfd that is filled, and resident in a mapping of its own. */
#pragma once

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fail.h"
#include "common/filling.h"

static inline char* map_memory(int fd, size_t bytes, int protection, int flags) {
  char* got = mmap(NULL, bytes, protection, flags, fd, 0);
  if (got == MAP_FAILED) fail("mmap");
  return got;
}

struct filled_memory {
  int fd;
  char* start;
};

static inline struct filled_memory fill_memory(size_t bytes) {
  struct filled_memory memory = {.fd = memfd_create("vmoffer-bench", MFD_CLOEXEC)};
  if (memory.fd < 0) fail("memfd_create");
  if (ftruncate(memory.fd, (off_t)bytes) != 0) fail("ftruncate");
  memory.start = map_memory(memory.fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
  memset(memory.start, FILLING, bytes);
  return memory;
}
