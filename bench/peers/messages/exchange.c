/*
 * exchange: messages between two processes in C. Answers each line of its input with a line of numbers.
 *
 *   one-way WAY BYTES WARM_UP COUNT SLOTS CORE CORE     nanoseconds for each message
 *   ping-pong WAY BYTES WARM_UP COUNT SLOTS CORE CORE   nanoseconds for each round trip, the median of ticks of 16
 *   pin THREAD CORE                                     1, or 0 if the kernel refuses
 *   stamp BYTES NUMBER                                  the bytes of that message
 *   verify NUMBER BYTES BYTE…                           1 if these are the bytes of that message, else 0
 *
 * WAY is ring, stream, batch (a stream, 32 messages by one call), seqpacket or pipe; SLOTS are the ring's. The first
 * CORE is that of the process that takes the time (it receives, or it pings), the second the other's; -1 leaves a
 * process to the scheduler.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "messages/affinity.h"
#include "messages/packets.h"
#include "messages/ring.h"
#include "messages/streams.h"

static const struct way* const ways[] = {&ring_way, &stream_way, &batch_way, &seqpacket_way, &pipe_way};

static const struct way* find_way(const char* name) {
  for (size_t i = 0; i < sizeof ways / sizeof *ways; ++i) {
    if (strcmp(ways[i]->name, name) == 0) return ways[i];
  }
  fprintf(stderr, "there is no way '%s'\n", name);
  exit(2);
}

/* Without this handler, the process would wait for ever for a child that has failed. */
static void end_with_child(int signal_number) {
  int status;
  (void)signal_number;
  while (waitpid(-1, &status, WNOHANG) > 0) {
    if (status != 0) _exit(1);
  }
}

static void start_other(void (*work)(const struct run*), const struct run* run, int core) {
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!pin(0, core)) fail("sched_setaffinity");
  work(run);
  _exit(0);
}

static double one_way(const struct way* way, const struct run* run, int core) {
  start_other(way->send, run, core);
  return way->receive(run) / run->count;
}

static int by_value(const void* a, const void* b) {
  const double difference = *(const double*)a - *(const double*)b;
  return (difference > 0) - (difference < 0);
}

static double ping_pong(const struct way* way, const struct run* run, int core) {
  const size_t ticks = run->count / ROUND_TRIPS_A_TICK;
  double* took_ns = calloc(ticks, sizeof *took_ns);
  if (took_ns == NULL || ticks == 0) fail("ticks");
  start_other(way->pong, run, core);
  way->ping(run, took_ns);
  qsort(took_ns, ticks, sizeof *took_ns, by_value);
  const double median = took_ns[ticks / 2];
  free(took_ns);
  return median / ROUND_TRIPS_A_TICK;
}

static void answer_run(const char* kind) {
  char name[32];
  struct run run;
  int cores[2];
  if (scanf("%31s %zu %u %u %u %d %d", name, &run.bytes, &run.warm_up, &run.count, &run.slots, &cores[0], &cores[1]) !=
          7 ||
      run.bytes > MAX_MESSAGE_BYTES) {
    fail(kind);
  }
  const bool is_one_way = strcmp(kind, "one-way") == 0;
  run.batch = is_one_way ? MAX_BATCH : 1;
  const struct way* way = find_way(name);
  way->open(&run);
  if (!pin(0, cores[0])) fail("sched_setaffinity");
  const double took_ns = (is_one_way ? one_way : ping_pong)(way, &run, cores[1]);
  way->close();
  printf("%.3f\n", took_ns);
}

static void answer_pin(void) {
  int thread, core;
  if (scanf("%d %d", &thread, &core) != 2) fail("pin");
  printf("%d\n", pin(thread, core));
}

static void answer_stamp(void) {
  size_t bytes;
  uint32_t number;
  if (scanf("%zu %u", &bytes, &number) != 2 || bytes > MAX_MESSAGE_BYTES) fail("stamp");
  memset(outbox[0], 0, bytes);
  stamp(outbox[0], bytes, number);
  for (size_t i = 0; i < bytes; ++i) printf("%s%d", i == 0 ? "" : " ", outbox[0][i]);
  printf("\n");
}

static void answer_verify(void) {
  size_t bytes;
  uint32_t number;
  if (scanf("%u %zu", &number, &bytes) != 2 || bytes > MAX_MESSAGE_BYTES) fail("verify");
  for (size_t i = 0; i < bytes; ++i) {
    if (scanf("%hhu", &outbox[0][i]) != 1) fail("verify");
  }
  printf("%d\n", is_stamped(outbox[0], bytes, number));
}

int main(void) {
  char order[32];
  signal(SIGCHLD, end_with_child);
  while (scanf("%31s", order) == 1) {
    if (strcmp(order, "pin") == 0) {
      answer_pin();
    } else if (strcmp(order, "stamp") == 0) {
      answer_stamp();
    } else if (strcmp(order, "verify") == 0) {
      answer_verify();
    } else {
      answer_run(order);
    }
    fflush(stdout);
  }
  return 0;
}
