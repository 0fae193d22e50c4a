/*
 * install BYTES: the least time that the kernel needs to install all pages of a filled memfd in a mapping, on one
 * thread and with nothing else in the loop. No program can be faster on one thread.
 *
 * For each line "WAY" it maps the memory anew, and prints the milliseconds, or "nan" if this process may not do it.
 *
 *   continue         UFFDIO_CONTINUE by 2 MiB, as a pager does for a sequential reader
 *   populate-read    MADV_POPULATE_READ of all
 *   populate-write   MADV_POPULATE_WRITE of all
 */
#define _GNU_SOURCE
#include "common/clock.h"
#include "common/memory.h"
#include "common/userfault.h"

#define WINDOW_BYTES ((size_t)2 << 20)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static double install_all(char* view, size_t bytes) {
  const int fd = open_userfault(view, bytes);
  if (fd < 0) return 0.0 / 0.0;
  const double start = milliseconds();
  for (size_t at = 0; at < bytes; at += WINDOW_BYTES) {
    install(fd, (uintptr_t)view + at, bytes - at < WINDOW_BYTES ? bytes - at : WINDOW_BYTES);
  }
  const double end = milliseconds();
  close(fd);
  return end - start;
}

static double populate(char* view, size_t bytes, int advice) {
  const double start = milliseconds();
  return madvise(view, bytes, advice) == 0 ? milliseconds() - start : 0.0 / 0.0;
}

static double measure(const char* way, char* view, size_t bytes) {
  if (strcmp(way, "continue") == 0) return install_all(view, bytes);
  if (strcmp(way, "populate-read") == 0) return populate(view, bytes, MADV_POPULATE_READ);
  if (strcmp(way, "populate-write") == 0) return populate(view, bytes, MADV_POPULATE_WRITE);
  fprintf(stderr, "there is no way '%s'\n", way);
  exit(2);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: install BYTES\n"), 2;
  const size_t bytes = strtoull(argv[1], NULL, 10);
  const struct filled_memory memory = fill_memory(bytes);
  char way[16];
  while (scanf("%15s", way) == 1) {
    char* view = map_memory(memory.fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
    printf("%.3f\n", measure(way, view, bytes));
    fflush(stdout);
    munmap(view, bytes);
  }
  return 0;
}
