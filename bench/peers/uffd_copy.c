/*
 * uffd_copy MODE BYTES WINDOW: the least time that the kernel needs to bring BYTES of a memfd into private memory, on
 * one thread and with nothing else in the loop. Prints milliseconds.
 *
 *   copy        UFFDIO_COPY of one window after the other
 *   copy-punch  as copy, and each window is punched out of the memfd once it is copied
 *   move        each window is copied into a spare huge page, which UFFDIO_MOVE puts in place
 *
 *   warm        touches as much memory, in huge pages, and gives it back: no copy
 *
 * The memfd is filled and mapped before the clock starts, and as much memory as the copy needs is touched and given
 * back: the destination is fresh, as a claim's is, but not cold.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_FEATURE_MOVE
#define UFFD_FEATURE_MOVE (1 << 16)
#endif
#ifndef UFFDIO_MOVE
struct uffdio_move {
  __u64 dst, src, len, mode;
  __s64 move;
};
#define UFFDIO_MOVE _IOWR(UFFDIO, 0x05, struct uffdio_move)
#endif

#define FILLING 0x5a
#define HUGE_PAGE_BYTES (2ul << 20)

static void fail(const char* what) {
  perror(what);
  exit(1);
}

/* Address space that is aligned to a huge page, as a claim's is. */
static char* map_private(size_t bytes) {
  char* got =
      mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got == MAP_FAILED) fail("mmap");
  return (char*)(((uintptr_t)got + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1));
}

static char* map_filled(int memfd, size_t bytes) {
  if (ftruncate(memfd, (off_t)bytes) != 0) fail("ftruncate");
  char* got = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
  if (got == MAP_FAILED) fail("mmap");
  memset(got, FILLING, bytes);
  return got;
}

/* The first touch of memory that a virtual machine gets back from its host is many times as slow. */
static void warm_up(size_t bytes) {
  char* memory = map_private(bytes);
  madvise(memory, bytes, MADV_HUGEPAGE);
  memset(memory, FILLING, bytes);
  munmap(memory, bytes);
}

static int open_userfault(uint64_t features, char* start, size_t bytes) {
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);
  if (fd < 0) fail("userfaultfd");
  struct uffdio_api api = {.api = UFFD_API, .features = features};
  if (ioctl(fd, UFFDIO_API, &api) != 0) fail("UFFDIO_API");
  struct uffdio_register range = {.range = {(uintptr_t)start, bytes}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(fd, UFFDIO_REGISTER, &range) != 0) fail("UFFDIO_REGISTER");
  return fd;
}

static void copy_window(int fd, char* to, const char* from, size_t bytes) {
  struct uffdio_copy request = {.dst = (uintptr_t)to, .src = (uintptr_t)from, .len = bytes};
  if (ioctl(fd, UFFDIO_COPY, &request) != 0) fail("UFFDIO_COPY");
}

static void move_window(int fd, char* to, char* aside, const char* from, size_t bytes) {
  memcpy(aside, from, bytes);
  struct uffdio_move request = {.dst = (uintptr_t)to, .src = (uintptr_t)aside, .len = bytes};
  if (ioctl(fd, UFFDIO_MOVE, &request) != 0) fail("UFFDIO_MOVE");
}

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char** argv) {
  if (argc != 4) return fprintf(stderr, "usage: uffd_copy copy|copy-punch|move|warm BYTES WINDOW\n"), 2;
  const int is_move = strcmp(argv[1], "move") == 0;
  const int is_punched = strcmp(argv[1], "copy-punch") == 0;
  const size_t bytes = strtoull(argv[2], NULL, 10);
  const size_t window = strtoull(argv[3], NULL, 10);
  if (strcmp(argv[1], "warm") == 0) return warm_up(bytes), 0;

  const int memfd = memfd_create("uffd_copy", MFD_CLOEXEC);
  if (memfd < 0) fail("memfd_create");
  const char* source = map_filled(memfd, bytes);
  char* destination = map_private(bytes);
  char* aside = map_private(window);
  madvise(aside, window, MADV_HUGEPAGE);
  const int fd = open_userfault(is_move ? UFFD_FEATURE_MOVE : 0, destination, bytes);

  warm_up(bytes + bytes / 8);

  const double start = milliseconds();
  for (size_t at = 0; at < bytes; at += window) {
    if (is_move) {
      move_window(fd, destination + at, aside, source + at, window);
    } else {
      copy_window(fd, destination + at, source + at, window);
    }
    if (is_punched) fallocate(memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)window);
  }
  const double end = milliseconds();
  if (destination[0] != FILLING || destination[bytes - 1] != FILLING) return fprintf(stderr, "wrong bytes\n"), 1;
  printf("%.3f\n", end - start);
  return 0;
}
