/* A UNIX SEQPACKET socket: the kernel keeps messages apart, and each message takes one call on either side. */
#pragma once

#include "messages/streams.h"

static void seqpacket_open(const struct run* run) {
  (void)run;
  open_socket_pairs(SOCK_SEQPACKET);
}

static void seqpacket_close(void) { close_pairs(); }

static inline void seqpacket_send_one(const struct run* run, enum direction to, uint32_t number) {
  stamp(outbox[0], run->bytes, number);
  if (send(stream_writers[to], outbox[0], run->bytes, MSG_NOSIGNAL) != (ssize_t)run->bytes) fail("send");
}

static inline void seqpacket_receive_one(const struct run* run, enum direction from, uint32_t number) {
  struct stream_end* reader = &stream_readers[from];
  if (recv(reader->fd, reader->inbox, INBOX_BYTES, 0) != (ssize_t)run->bytes) fail("recv");
  expect_stamped(reader->inbox, run, number);
}

DEFINE_WAY(seqpacket);
