/*
 * The contents of a message, by which both sides touch every cache line of it. bench/channel/payload.ts is the same in
 * TypeScript.
 *
 *   the first 4 bytes, and the last 4          the message's number, little-endian
 *   byte 64 k, for k = 1, 2, … before the last 4   (number + k) modulo 256
 *
 * REQUIRES: at least 8 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LINE_BYTES 64

static inline void stamp(uint8_t* message, size_t bytes, uint32_t number) {
  const size_t last = bytes - sizeof number;
  memcpy(message, &number, sizeof number);
  for (size_t at = LINE_BYTES, line = 1; at < last; at += LINE_BYTES, ++line) message[at] = (uint8_t)(number + line);
  memcpy(message + last, &number, sizeof number);
}

static inline bool is_stamped(const uint8_t* message, size_t bytes, uint32_t number) {
  const size_t last = bytes - sizeof number;
  uint32_t numbers[2];
  uint8_t differences = 0;
  memcpy(&numbers[0], message, sizeof number);
  memcpy(&numbers[1], message + last, sizeof number);
  for (size_t at = LINE_BYTES, line = 1; at < last; at += LINE_BYTES, ++line) {
    differences |= message[at] ^ (uint8_t)(number + line);
  }
  return numbers[0] == number && numbers[1] == number && differences == 0;
}
