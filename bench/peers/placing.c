/*
 * placing BYTES FILE: the system calls without which supplied memory cannot be read, with nothing around them.
 *
 * For each line "THREADS UNIT" so many threads read FILE, UNIT bytes at a time, and put them into an empty object
 * (UFFDIO_COPY, in a window that nobody can touch). Then one thread installs them in another mapping (UFFDIO_CONTINUE)
 * and sums them up. Prints the milliseconds of all that: what two processes could do at the same time is done one after
 * the other. Prints "nan" if this process may not answer all page faults.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/sum.h"
#include "common/userfault.h"

#define MOST_THREADS 16
#define ALL_FAULTS (UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR)

struct share {
  pthread_t thread;
  int file_fd, fault_fd;
  char* window;
  size_t bytes, unit_bytes, first, step;
};

static void put(const struct share* share, const char* bytes, size_t offset) {
  for (size_t done = 0; done < share->unit_bytes;) {
    struct uffdio_copy copy = {.dst = (uintptr_t)share->window + offset + done,
                               .src = (uintptr_t)bytes + done,
                               .len = share->unit_bytes - done,
                               .mode = UFFDIO_COPY_MODE_DONTWAKE};
    if (ioctl(share->fault_fd, UFFDIO_COPY, &copy) != 0 && (errno != EAGAIN || copy.copy <= 0)) fail("UFFDIO_COPY");
    done += (size_t)copy.copy;
  }
}

static void* place_share(void* argument) {
  const struct share* share = argument;
  char* bytes = malloc(share->unit_bytes);
  if (bytes == NULL) fail("malloc");
  for (size_t at = share->first * share->unit_bytes; at < share->bytes; at += share->step * share->unit_bytes) {
    if (pread(share->file_fd, bytes, share->unit_bytes, (off_t)at) != (ssize_t)share->unit_bytes) fail("pread");
    put(share, bytes, at);
  }
  free(bytes);
  return NULL;
}

static void place_all(struct share share, size_t threads) {
  struct share shares[MOST_THREADS];
  for (size_t i = 0; i < threads; ++i) {
    shares[i] = share;
    shares[i].first = i;
    shares[i].step = threads;
    if (pthread_create(&shares[i].thread, NULL, place_share, &shares[i]) != 0) fail("pthread_create");
  }
  for (size_t i = 0; i < threads; ++i) pthread_join(shares[i].thread, NULL);
}

static void install_and_sum(int fault_fd, const char* view, size_t bytes, size_t unit_bytes) {
  for (size_t at = 0; at < bytes; at += unit_bytes) install(fault_fd, (uintptr_t)view + at, unit_bytes);
  if (sum_of_words(view, bytes) != sum_of_filling(bytes)) {
    fprintf(stderr, "a byte is wrong\n");
    exit(1);
  }
}

static double measure(int file_fd, size_t bytes, size_t threads, size_t unit_bytes) {
  const int memory_fd = memfd_create("vmoffer-bench", MFD_CLOEXEC);
  if (memory_fd < 0 || ftruncate(memory_fd, (off_t)bytes) != 0) fail("memfd_create");
  char* view = map_memory(memory_fd, bytes, PROT_READ, MAP_PRIVATE);
  const int fault_fd = open_userfault_for(view, bytes, 0, ALL_FAULTS);
  double took_ms = -1;
  if (fault_fd >= 0) {
    struct share share = {.file_fd = file_fd, .bytes = bytes, .unit_bytes = unit_bytes};
    share.window = map_memory(memory_fd, bytes, PROT_NONE, MAP_SHARED);
    share.fault_fd = open_userfault_for(share.window, bytes, USER_MODE_ONLY, UFFDIO_REGISTER_MODE_MISSING);
    if (share.fault_fd < 0) fail("userfaultfd");
    const double start = milliseconds();
    place_all(share, threads);
    install_and_sum(fault_fd, view, bytes, unit_bytes);
    took_ms = milliseconds() - start;
    close(share.fault_fd);
    munmap(share.window, bytes);
    close(fault_fd);
  }
  munmap(view, bytes);
  close(memory_fd);
  return took_ms;
}

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: placing BYTES FILE\n"), 2;
  const size_t bytes = strtoull(argv[1], NULL, 10);
  const int file_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
  if (file_fd < 0) fail(argv[2]);
  size_t threads, unit_bytes;
  while (scanf("%zu %zu", &threads, &unit_bytes) == 2) {
    if (threads == 0 || threads > MOST_THREADS || unit_bytes == 0 || bytes % unit_bytes != 0) {
      fprintf(stderr, "1 to %d threads, and whole units\n", MOST_THREADS);
      return 2;
    }
    const double took_ms = measure(file_fd, bytes, threads, unit_bytes);
    if (took_ms < 0) {
      puts("nan");
    } else {
      printf("%.3f\n", took_ms);
    }
    fflush(stdout);
  }
  return 0;
}
