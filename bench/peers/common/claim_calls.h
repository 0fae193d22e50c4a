/*
 * The system calls that a claim of the library makes besides the exchange itself: who is at the other end, what the
 * descriptor is that has come, a read-only descriptor for it, and what an event loop needs. Between the same messages,
 * in the same order, on both sides. A call that an older kernel does not know costs less there, and no more is wrong.
 */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/fail.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif
#ifndef TIOCOUTQ
#define TIOCOUTQ 0x5411
#endif

/* Returns a descriptor of the process at the other end, which is kept until the claim is made; -1 if there is none. */
static inline int look_at_peer(int socket_fd) {
  struct ucred who;
  socklen_t length = sizeof who;
  getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &who, &length);
  int process_fd = -1;
  length = sizeof process_fd;
  if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &process_fd, &length) != 0) return -1;
  struct stat attributes;
  fstat(process_fd, &attributes);
  return process_fd;
}

static inline void look_whether_it_lives(int process_fd) {
  struct pollfd asked = {process_fd, POLLIN, 0};
  if (process_fd >= 0) poll(&asked, 1, 0);
}

static inline void look_at_memory(int memory_fd) {
  struct stat attributes;
  struct statfs system;
  fcntl(memory_fd, F_GET_SEALS);
  fstat(memory_fd, &attributes);
  fstatfs(memory_fd, &system);
  fcntl(memory_fd, F_GETFL);
}

static inline void keep_out_of_forks(void* start, size_t bytes) {
  madvise(start, bytes, MADV_DONTDUMP);
  madvise(start, bytes, MADV_DONTFORK);
}

static inline void take_no_more_descriptors(int socket_fd) {
  const int off = 0;
  setsockopt(socket_fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
}

static inline void peek(int socket_fd) {
  char byte;
  (void)!recv(socket_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

static inline void look_at_limit(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
}

static inline int read_only_copy(int memory_fd) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", memory_fd);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path);
  return fd;
}

static inline void watch(int epoll_fd, int operation, int socket_fd, uint32_t events) {
  struct epoll_event event = {.events = events};
  epoll_ctl(epoll_fd, operation, socket_fd, &event);
}

static inline void look_for_events(int epoll_fd) {
  struct epoll_event events[64];
  epoll_wait(epoll_fd, events, 64, 0);
}

static inline void look_at_output(int socket_fd) {
  int unread;
  ioctl(socket_fd, TIOCOUTQ, &unread);
}

static inline void close_if_open(int fd) {
  if (fd >= 0) close(fd);
}
