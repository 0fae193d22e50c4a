/*
 * One run of messages between two processes, over any carrier.
 *
 * A way is four functions, which DEFINE_WAY puts into loops that are the same for all:
 *
 *   NAME_open(run)                        makes both ends, before the fork
 *   NAME_send_one(run, to, number)        stamps a message and sends it; `to` says in which of the two directions
 *   NAME_receive_one(run, from, number)   waits for a message and verifies it
 *   NAME_close()                          closes both ends
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/fail.h"
#include "messages/payload.h"

/* Reading the clock costs as much as a fast round trip, so this many round trips are timed together. */
#define ROUND_TRIPS_A_TICK 16

enum direction { THERE, BACK };

struct run {
  size_t bytes;
  uint32_t warm_up; /* messages, or round trips, that are not timed */
  uint32_t count;   /* how many are timed; for round trips, a multiple of ROUND_TRIPS_A_TICK */
  uint32_t slots;   /* of the ring, a power of two */
  uint32_t batch;   /* messages that one call sends, if the way can send several */
};

static inline uint32_t total_of(const struct run* run) { return run->warm_up + run->count; }

static inline void expect_stamped(const uint8_t* message, const struct run* run, uint32_t number) {
  if (is_stamped(message, run->bytes, number)) return;
  fprintf(stderr, "message %u is not what was sent\n", number);
  exit(1);
}

/* `receive` returns the nanoseconds of the timed messages; `ping` stores those of each tick in took_ns. */
struct way {
  const char* name;
  void (*open)(const struct run* run);
  void (*close)(void);
  void (*send)(const struct run* run);
  double (*receive)(const struct run* run);
  void (*ping)(const struct run* run, double* took_ns);
  void (*pong)(const struct run* run);
};

typedef void (*carry)(const struct run* run, enum direction direction, uint32_t number);

/* Always inline, so that the way's own functions are inlined as well. */
#define LOOP static inline __attribute__((always_inline))

LOOP void send_all(const struct run* run, carry send_one) {
  for (uint32_t number = 0; number < total_of(run); ++number) send_one(run, THERE, number);
}

LOOP double receive_all(const struct run* run, carry receive_one) {
  uint32_t number = 0;
  while (number < run->warm_up) receive_one(run, THERE, number++);
  const double start = nanoseconds();
  while (number < total_of(run)) receive_one(run, THERE, number++);
  return nanoseconds() - start;
}

LOOP void ping_all(const struct run* run, double* took_ns, carry send_one, carry receive_one) {
  double start = 0;
  for (uint32_t number = 0; number < total_of(run); ++number) {
    const uint32_t timed = number - run->warm_up;
    if (number >= run->warm_up && timed % ROUND_TRIPS_A_TICK == 0) start = nanoseconds();
    send_one(run, THERE, number);
    receive_one(run, BACK, number);
    if (number >= run->warm_up && timed % ROUND_TRIPS_A_TICK == ROUND_TRIPS_A_TICK - 1) {
      took_ns[timed / ROUND_TRIPS_A_TICK] = nanoseconds() - start;
    }
  }
}

LOOP void pong_all(const struct run* run, carry send_one, carry receive_one) {
  for (uint32_t number = 0; number < total_of(run); ++number) {
    receive_one(run, THERE, number);
    send_one(run, BACK, number);
  }
}

#define DEFINE_WAY(way_name)                                                                                         \
  static void way_name##_send(const struct run* run) { send_all(run, way_name##_send_one); }                         \
  static double way_name##_receive(const struct run* run) { return receive_all(run, way_name##_receive_one); }       \
  static void way_name##_ping(const struct run* run, double* took_ns) {                                              \
    ping_all(run, took_ns, way_name##_send_one, way_name##_receive_one);                                             \
  }                                                                                                                  \
  static void way_name##_pong(const struct run* run) { pong_all(run, way_name##_send_one, way_name##_receive_one); } \
  static const struct way way_name##_way = {#way_name,          way_name##_open, way_name##_close, way_name##_send,  \
                                            way_name##_receive, way_name##_ping, way_name##_pong}
