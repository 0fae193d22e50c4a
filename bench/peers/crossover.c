/*
 * crossover: from what size on it is cheaper to map memory than to copy it, in one process that waits for nobody.
 *
 * For each line "WAY BYTES COUNT" it does WAY COUNT times, and prints the nanoseconds of one time. The source is a
 * memfd that is filled, and resident in a mapping.
 *
 *   copy        memcpy into an existing buffer
 *   copy-fresh  memcpy into memory that is allocated for it and given back
 *   map         mmap, a touch of every page, munmap
 *   populate    mmap with MAP_POPULATE, a touch of every page, munmap
 */
#define _GNU_SOURCE
#include "common/clock.h"
#include "common/memory.h"

static struct filled_memory memory;
static char* buffer;
static size_t page_bytes;

static void copy(size_t bytes) {
  memcpy(buffer, memory.start, bytes);
  /* Counts as a read: without one the compiler may leave the copy out. */
  __asm__ volatile("" : : "r"(buffer) : "memory");
}

static void copy_fresh(size_t bytes) {
  char* fresh = map_memory(-1, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  memcpy(fresh, memory.start, bytes);
  munmap(fresh, bytes);
}

static void touch_mapping(size_t bytes, int flags) {
  char* view = map_memory(memory.fd, bytes, PROT_READ, MAP_SHARED | flags);
  for (size_t at = 0; at < bytes; at += page_bytes) (void)*(volatile char*)(view + at);
  munmap(view, bytes);
}

static void map_and_touch(size_t bytes) { touch_mapping(bytes, 0); }
static void populate_and_touch(size_t bytes) { touch_mapping(bytes, MAP_POPULATE); }

static const struct {
  const char* name;
  void (*run)(size_t bytes);
} ways[] = {{"copy", copy}, {"copy-fresh", copy_fresh}, {"map", map_and_touch}, {"populate", populate_and_touch}};

static void measure(const char* name, size_t bytes, size_t count) {
  for (size_t way = 0; way < sizeof ways / sizeof *ways; ++way) {
    if (strcmp(ways[way].name, name) != 0) continue;
    ways[way].run(bytes);
    const double start = nanoseconds();
    for (size_t i = 0; i < count; ++i) ways[way].run(bytes);
    printf("%.3f\n", (nanoseconds() - start) / (double)count);
    fflush(stdout);
    return;
  }
  fprintf(stderr, "there is no way '%s'\n", name);
  exit(2);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: crossover BYTES\n"), 2;
  const size_t most = strtoull(argv[1], NULL, 10);
  page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  memory = fill_memory(most);
  buffer = map_memory(-1, most, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
  char name[16];
  size_t bytes, count;
  while (scanf("%15s %zu %zu", name, &bytes, &count) == 3) measure(name, bytes, count);
  return 0;
}
