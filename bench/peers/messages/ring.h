/*
 * The least that two processes need: for each direction a ring in shared memory, with one writer and one reader, both
 * spinning. The layout is that of a Channel: indexes only grow, and have 128 bytes each; a slot begins with the length
 * of its message. A side reads the other's index only when it has used up the messages or slots that it knows of.
 */
#pragma once

#include <stdatomic.h>
#include <sys/mman.h>

#include "messages/run.h"

#define SLOT_HEADER_BYTES 8

struct ring_indexes {
  _Alignas(128) _Atomic uint32_t head;
  _Alignas(128) _Atomic uint32_t tail;
};

/* The state that one process keeps of one ring. */
struct ring {
  struct ring_indexes* indexes;
  uint8_t* first_slot;
  size_t stride;
  uint32_t slots;
  uint32_t own;   /* how far this side has come */
  uint32_t other; /* how far the other side had come at the last look */
};

static struct ring rings[2];
static void* ring_memory;
static size_t ring_memory_bytes;

static void ring_open(const struct run* run) {
  const size_t stride = (SLOT_HEADER_BYTES + run->bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
  const size_t header = 2 * sizeof(struct ring_indexes);
  ring_memory_bytes = header + 2 * run->slots * stride;
  ring_memory = mmap(NULL, ring_memory_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (ring_memory == MAP_FAILED) fail("mmap");
  for (int direction = 0; direction < 2; ++direction) {
    rings[direction] = (struct ring){.indexes = (struct ring_indexes*)ring_memory + direction,
                                     .first_slot = (uint8_t*)ring_memory + header + direction * run->slots * stride,
                                     .stride = stride,
                                     .slots = run->slots};
  }
}

static void ring_close(void) { munmap(ring_memory, ring_memory_bytes); }

static inline void relax(void) {
#ifdef __x86_64__
  __builtin_ia32_pause();
#endif
}

static inline uint32_t look_at(_Atomic uint32_t* index) { return atomic_load_explicit(index, memory_order_acquire); }

static inline void advance(_Atomic uint32_t* index, uint32_t to) {
  atomic_store_explicit(index, to, memory_order_release);
}

static inline uint8_t* ring_slot(const struct ring* ring) {
  return ring->first_slot + (ring->own & (ring->slots - 1)) * ring->stride;
}

static inline void ring_send_one(const struct run* run, enum direction to, uint32_t number) {
  struct ring* ring = &rings[to];
  const uint32_t length = (uint32_t)run->bytes;
  while (ring->own - ring->other == ring->slots) {
    ring->other = look_at(&ring->indexes->tail);
    if (ring->own - ring->other == ring->slots) relax();
  }
  uint8_t* slot = ring_slot(ring);
  memcpy(slot, &length, sizeof length);
  stamp(slot + SLOT_HEADER_BYTES, run->bytes, number);
  advance(&ring->indexes->head, ++ring->own);
}

static inline void ring_receive_one(const struct run* run, enum direction from, uint32_t number) {
  struct ring* ring = &rings[from];
  uint32_t length;
  while (ring->own == ring->other) {
    ring->other = look_at(&ring->indexes->head);
    if (ring->own == ring->other) relax();
  }
  const uint8_t* slot = ring_slot(ring);
  memcpy(&length, slot, sizeof length);
  if (length != run->bytes) fail("a message is of another length");
  expect_stamped(slot + SLOT_HEADER_BYTES, run, number);
  advance(&ring->indexes->tail, ++ring->own);
}

DEFINE_WAY(ring);
