/*
 * fault BYTES: what one touch of an absent page costs if it is answered in the usual way, by a thread that waits in
 * poll(), reads one fault, and installs one page.
 *
 * For each line "PLACEMENT TOUCHES STRIDE" it maps a filled memfd anew, touches TOUCHES pages in random order, at least
 * STRIDE bytes apart, and prints the nanoseconds of p50, p90 and p99.
 *
 *   scheduler   both threads run where the kernel puts them
 *   apart       on different cores
 *   same        on the same core
 *   spinning    on different cores, and the handler never sleeps
 *   kernel      no handler: a plain mapping
 *   resident    no fault: the pages are mapped already
 *
 * Prints "nan nan nan" if this machine does not allow it: it has one core, or no userfaultfd for this process.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>

#include "common/fail.h"
#include "common/memory.h"
#include "common/percentiles.h"
#include "common/random.h"
#include "common/touch.h"
#include "common/userfault.h"

enum placement { kScheduler, kApart, kSame, kSpinning, kKernel, kResident, kPlacementCount };

static const char* const names[] = {"scheduler", "apart", "same", "spinning", "kernel", "resident"};

struct handler {
  int fault_fd;
  int stop_fd;
  bool spins;
  atomic_bool stops;
  size_t page_bytes;
};

static cpu_set_t all_cores;

/* The n-th of the cores that this process may use; -1 if there are fewer. */
static int nth_core(int n) {
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &all_cores) && n-- == 0) return core;
  }
  return -1;
}

static bool pin(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core < 0) return false;
  CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

static bool place_toucher(enum placement placement) {
  if (placement == kApart || placement == kSpinning) return nth_core(1) >= 0 && pin(nth_core(0));
  if (placement == kSame) return pin(nth_core(0));
  return sched_setaffinity(0, sizeof all_cores, &all_cores) == 0;
}

static bool place_handler(enum placement placement) {
  if (placement == kApart || placement == kSpinning) return pin(nth_core(1));
  return place_toucher(placement);
}

static void answer(const struct handler* handler, const struct uffd_msg* message) {
  const uint64_t address = message->arg.pagefault.address;
  install(handler->fault_fd, address & ~(uint64_t)(handler->page_bytes - 1), handler->page_bytes);
}

static bool wait_for_fault(const struct handler* handler) {
  if (handler->spins) return !atomic_load_explicit(&handler->stops, memory_order_relaxed);
  struct pollfd waiting[] = {{.fd = handler->fault_fd, .events = POLLIN}, {.fd = handler->stop_fd, .events = POLLIN}};
  if (poll(waiting, 2, -1) < 0) fail("poll");
  return waiting[1].revents == 0;
}

static void* handle_faults(void* context) {
  const struct handler* handler = context;
  struct uffd_msg message;
  while (wait_for_fault(handler)) {
    if (read(handler->fault_fd, &message, sizeof message) == (ssize_t)sizeof message) answer(handler, &message);
  }
  return NULL;
}

struct start {
  struct handler* handler;
  enum placement placement;
  atomic_bool is_placed;
};

static void* start_handling(void* context) {
  struct start* start = context;
  struct handler* handler = start->handler;
  if (!place_handler(start->placement)) fail("sched_setaffinity");
  atomic_store(&start->is_placed, true);
  return handle_faults(handler);
}

static bool touch_with_handler(char* view, size_t bytes, enum placement placement, const uint64_t* offsets,
                               size_t count, double* took_ns) {
  struct handler handler = {.fault_fd = open_userfault(view, bytes),
                            .stop_fd = eventfd(0, EFD_CLOEXEC),
                            .spins = placement == kSpinning,
                            .page_bytes = (size_t)sysconf(_SC_PAGESIZE)};
  if (handler.fault_fd < 0) return close(handler.stop_fd), false;
  struct start start = {.handler = &handler, .placement = placement};
  pthread_t thread;
  if (pthread_create(&thread, NULL, start_handling, &start) != 0) fail("pthread_create");
  while (!atomic_load(&start.is_placed)) sched_yield();
  time_touches(view, offsets, count, took_ns);
  atomic_store(&handler.stops, true);
  const uint64_t one = 1;
  if (write(handler.stop_fd, &one, sizeof one) != sizeof one) fail("write");
  pthread_join(thread, NULL);
  close(handler.stop_fd);
  close(handler.fault_fd);
  return true;
}

static void measure(int memory_fd, size_t bytes, enum placement placement, size_t count, size_t stride) {
  if (!place_toucher(placement)) return print_percentiles(NULL, 0);
  uint64_t* offsets = random_offsets(bytes, stride, count);
  double* took_ns = calloc(count, sizeof *took_ns);
  if (took_ns == NULL) fail("calloc");
  char* view = map_memory(memory_fd, bytes, PROT_READ, MAP_SHARED);
  bool is_measured = true;
  if (placement == kResident) touch(view, offsets, count);
  if (placement == kKernel || placement == kResident) {
    time_touches(view, offsets, count, took_ns);
  } else {
    is_measured = touch_with_handler(view, bytes, placement, offsets, count, took_ns);
  }
  munmap(view, bytes);
  print_percentiles(took_ns, is_measured ? count : 0);
  free(took_ns);
  free(offsets);
}

static enum placement find_placement(const char* name) {
  for (int placement = 0; placement < kPlacementCount; ++placement) {
    if (strcmp(names[placement], name) == 0) return (enum placement)placement;
  }
  fprintf(stderr, "there is no placement '%s'\n", name);
  exit(2);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: fault BYTES\n"), 2;
  const size_t bytes = strtoull(argv[1], NULL, 10);
  const struct filled_memory memory = fill_memory(bytes);
  sched_getaffinity(0, sizeof all_cores, &all_cores);
  char name[16];
  size_t count, stride;
  while (scanf("%15s %zu %zu", name, &count, &stride) == 3) {
    measure(memory.fd, bytes, find_placement(name), count, stride);
    fflush(stdout);
  }
  return 0;
}
