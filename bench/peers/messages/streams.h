/*
 * Streams of bytes: a UNIX stream socket, with one write for each message or one call for 32 of them, and a pipe. The
 * reader takes all bytes that have arrived, up to 64 KiB with one call, and finds the messages by their length, which
 * both sides know.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "messages/run.h"

/* The most messages that one call sends. */
#define MAX_BATCH 32
#define INBOX_BYTES ((size_t)64 << 10)

/* The largest message that fits the buffers below. */
#define MAX_MESSAGE_BYTES ((size_t)16 << 10)

struct stream_end {
  int fd;
  uint8_t inbox[INBOX_BYTES]; /* REQUIRES: longer than a message */
  size_t begin, end;          /* the bytes that have arrived and are not consumed yet */
};

/* The writing and the reading end for each direction. */
static int stream_writers[2];
static struct stream_end stream_readers[2];
static uint8_t outbox[MAX_BATCH][MAX_MESSAGE_BYTES] __attribute__((aligned(LINE_BYTES)));

static void set_streams(const int there[2], const int back[2]) {
  const int* pairs[2] = {there, back};
  for (int direction = 0; direction < 2; ++direction) {
    stream_writers[direction] = pairs[direction][1];
    stream_readers[direction].fd = pairs[direction][0];
    stream_readers[direction].begin = stream_readers[direction].end = 0;
  }
}

static void close_pairs(void) {
  for (int direction = 0; direction < 2; ++direction) {
    close(stream_writers[direction]);
    close(stream_readers[direction].fd);
  }
}

static void open_socket_pairs(int type) {
  int there[2], back[2];
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, there) != 0) fail("socketpair");
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, back) != 0) fail("socketpair");
  set_streams(there, back);
}

static inline void write_whole(int fd, const uint8_t* from, size_t bytes) {
  while (bytes > 0) {
    const ssize_t count = write(fd, from, bytes);
    if (count < 0) fail("write");
    from += count;
    bytes -= (size_t)count;
  }
}

/* The next message, in the buffer that it was read into. */
static inline const uint8_t* next_in(struct stream_end* reader, size_t bytes) {
  while (reader->end - reader->begin < bytes) {
    memmove(reader->inbox, reader->inbox + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    const ssize_t count = read(reader->fd, reader->inbox + reader->end, INBOX_BYTES - reader->end);
    if (count < 0) fail("read");
    if (count == 0) fprintf(stderr, "the other side has ended\n"), exit(1);
    reader->end += (size_t)count;
  }
  const uint8_t* message = reader->inbox + reader->begin;
  reader->begin += bytes;
  return message;
}

static inline void stream_send_one(const struct run* run, enum direction to, uint32_t number) {
  stamp(outbox[0], run->bytes, number);
  write_whole(stream_writers[to], outbox[0], run->bytes);
}

static inline void stream_receive_one(const struct run* run, enum direction from, uint32_t number) {
  expect_stamped(next_in(&stream_readers[from], run->bytes), run, number);
}

static void stream_open(const struct run* run) {
  (void)run;
  open_socket_pairs(SOCK_STREAM);
}

static void stream_close(void) { close_pairs(); }

DEFINE_WAY(stream);

/* Writes once there are enough messages for one call, or no more will come. */
static inline void batch_send_one(const struct run* run, enum direction to, uint32_t number) {
  const size_t place = number % run->batch;
  stamp(outbox[place], run->bytes, number);
  if (place != run->batch - 1 && number != total_of(run) - 1) return;
  struct iovec parts[MAX_BATCH];
  for (size_t i = 0; i <= place; ++i) parts[i] = (struct iovec){outbox[i], run->bytes};
  const ssize_t count = writev(stream_writers[to], parts, (int)place + 1);
  if (count != (ssize_t)((place + 1) * run->bytes)) fail("writev");
}

#define batch_receive_one stream_receive_one
#define batch_open stream_open
#define batch_close stream_close

DEFINE_WAY(batch);

static void pipe_open(const struct run* run) {
  int there[2], back[2];
  (void)run;
  if (pipe2(there, O_CLOEXEC) != 0) fail("pipe2");
  if (pipe2(back, O_CLOEXEC) != 0) fail("pipe2");
  set_streams(there, back);
}

#define pipe_send_one stream_send_one
#define pipe_receive_one stream_receive_one
#define pipe_close stream_close

DEFINE_WAY(pipe);
