/* A userfaultfd for one range of shared memory, whose pages exist but are not installed. */
#pragma once

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"

/* -1 if this process may not have one. */
static inline int open_userfault(void* start, size_t bytes) {
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);
  if (fd < 0) return fd;
  struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MINOR_SHMEM};
  if (ioctl(fd, UFFDIO_API, &api) != 0) fail("UFFDIO_API");
  struct uffdio_register range = {.range = {(uintptr_t)start, bytes}, .mode = UFFDIO_REGISTER_MODE_MINOR};
  if (ioctl(fd, UFFDIO_REGISTER, &range) != 0) fail("UFFDIO_REGISTER");
  return fd;
}

static inline void install(int fd, uintptr_t start, size_t bytes) {
  struct uffdio_continue request = {.range = {start, bytes}};
  if (ioctl(fd, UFFDIO_CONTINUE, &request) != 0) fail("UFFDIO_CONTINUE");
}
