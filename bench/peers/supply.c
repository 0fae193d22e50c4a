/*
 * supply BYTES: the bare exchange by which supplied memory arrives, between two processes, with nothing around it.
 *
 * A source has the bytes ready. A claimer maps the empty memory and touches it; its handler asks the source over a
 * SEQPACKET socket, the source puts the bytes in place (UFFDIO_COPY, in a window that nobody can touch) and says so,
 * and the handler installs them (UFFDIO_CONTINUE).
 *
 * For each line "UNIT TOUCHES" it empties the memory, maps it anew, touches that many units of UNIT bytes in random
 * order, one byte each, and prints the nanoseconds of p50, p90 and p99. Every byte is checked. Prints "nan nan nan"
 * if this process may not answer all page faults.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/percentiles.h"
#include "common/random.h"
#include "common/userfault.h"

#define LONGEST_UNIT ((size_t)4 << 20)
#define ALL_FAULTS (UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR)

struct unit {
  uint64_t offset, bytes;
};

/* Both ends of a SEQPACKET pair carry whole units. */
static bool receive(int socket, struct unit* unit) {
  return recv(socket, unit, sizeof *unit, 0) == (ssize_t)sizeof *unit;
}

static void say(int socket, const struct unit* unit) {
  if (send(socket, unit, sizeof *unit, MSG_NOSIGNAL) != (ssize_t)sizeof *unit) fail("send");
}

static void put(int fault_fd, char* window, const char* bytes, const struct unit* unit) {
  for (uint64_t done = 0; done < unit->bytes;) {
    struct uffdio_copy copy = {.dst = (uintptr_t)window + unit->offset + done,
                               .src = (uintptr_t)bytes + done,
                               .len = unit->bytes - done,
                               .mode = UFFDIO_COPY_MODE_DONTWAKE};
    if (ioctl(fault_fd, UFFDIO_COPY, &copy) != 0 && (errno != EAGAIN || copy.copy <= 0)) fail("UFFDIO_COPY");
    done += (uint64_t)copy.copy;
  }
}

/* Ends with its claimer. */
static void run_source(int memory_fd, size_t bytes, int socket) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  char* window = map_memory(memory_fd, bytes, PROT_NONE, MAP_SHARED);
  const int fault_fd = open_userfault_for(window, bytes, USER_MODE_ONLY, UFFDIO_REGISTER_MODE_MISSING);
  if (fault_fd < 0) fail("userfaultfd");
  char* filling = map_memory(-1, LONGEST_UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  memset(filling, FILLING, LONGEST_UNIT);
  struct unit unit;
  while (receive(socket, &unit)) {
    put(fault_fd, window, filling, &unit);
    say(socket, &unit);
  }
  _exit(0);
}

struct handler {
  int fault_fd, stop_fd, socket;
  uintptr_t start;
  size_t unit_bytes;
};

static void bring(const struct handler* handler, uint64_t address) {
  struct unit unit = {.offset = (address - handler->start) & ~(uint64_t)(handler->unit_bytes - 1),
                      .bytes = handler->unit_bytes};
  say(handler->socket, &unit);
  if (!receive(handler->socket, &unit)) fail("recv");
  install(handler->fault_fd, handler->start + unit.offset, unit.bytes);
}

static void* handle_faults(void* context) {
  const struct handler* handler = context;
  struct pollfd waiting[] = {{.fd = handler->fault_fd, .events = POLLIN}, {.fd = handler->stop_fd, .events = POLLIN}};
  for (;;) {
    if (poll(waiting, 2, -1) < 0) fail("poll");
    if (waiting[1].revents != 0) return NULL;
    struct uffd_msg message;
    if (read(handler->fault_fd, &message, sizeof message) != (ssize_t)sizeof message) continue;
    bring(handler, message.arg.pagefault.address);
  }
}

static void touch_all(const char* view, const uint64_t* offsets, size_t count, double* took_ns) {
  const volatile char* bytes = view;
  for (size_t i = 0; i < count; ++i) {
    const double before = nanoseconds();
    const char found = bytes[offsets[i]];
    took_ns[i] = nanoseconds() - before;
    if (found != FILLING) {
      fprintf(stderr, "a byte is wrong\n");
      exit(1);
    }
  }
}

static bool touch_with_handler(char* view, size_t bytes, struct handler* handler, const uint64_t* offsets, size_t count,
                               double* took_ns) {
  handler->fault_fd = open_userfault_for(view, bytes, 0, ALL_FAULTS);
  if (handler->fault_fd < 0) return false;
  handler->stop_fd = eventfd(0, EFD_CLOEXEC);
  handler->start = (uintptr_t)view;
  pthread_t thread;
  if (pthread_create(&thread, NULL, handle_faults, handler) != 0) fail("pthread_create");
  touch_all(view, offsets, count, took_ns);
  const uint64_t one = 1;
  if (write(handler->stop_fd, &one, sizeof one) != sizeof one) fail("write");
  pthread_join(thread, NULL);
  close(handler->stop_fd);
  close(handler->fault_fd);
  return true;
}

static void measure(int memory_fd, size_t bytes, int socket, size_t unit_bytes, size_t count) {
  if (fallocate(memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) != 0) fail("fallocate");
  uint64_t* offsets = random_offsets(bytes, unit_bytes, count);
  double* took_ns = calloc(count, sizeof *took_ns);
  if (took_ns == NULL) fail("calloc");
  char* view = map_memory(memory_fd, bytes, PROT_READ, MAP_PRIVATE);
  struct handler handler = {.socket = socket, .unit_bytes = unit_bytes};
  const bool is_measured = touch_with_handler(view, bytes, &handler, offsets, count, took_ns);
  munmap(view, bytes);
  print_percentiles(took_ns, is_measured ? count : 0);
  free(took_ns);
  free(offsets);
}

static void check_unit(size_t unit_bytes, size_t count) {
  const bool is_power = unit_bytes != 0 && (unit_bytes & (unit_bytes - 1)) == 0;
  if (is_power && unit_bytes >= (size_t)sysconf(_SC_PAGESIZE) && unit_bytes <= LONGEST_UNIT && count > 0) return;
  fprintf(stderr, "a unit is a power of two, a page at least and 4 MiB at most\n");
  exit(2);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: supply BYTES\n"), 2;
  const size_t bytes = strtoull(argv[1], NULL, 10);
  const int memory_fd = memfd_create("vmoffer-bench", MFD_CLOEXEC);
  if (memory_fd < 0 || ftruncate(memory_fd, (off_t)bytes) != 0) fail("memfd_create");
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) fail("socketpair");
  const pid_t source = fork();
  if (source < 0) fail("fork");
  close(sockets[source == 0 ? 0 : 1]);
  if (source == 0) run_source(memory_fd, bytes, sockets[1]);
  size_t unit_bytes, count;
  while (scanf("%zu %zu", &unit_bytes, &count) == 2) {
    check_unit(unit_bytes, count);
    measure(memory_fd, bytes, sockets[0], unit_bytes, count);
  }
  close(sockets[0]);
  waitpid(source, NULL, 0);
  return 0;
}
