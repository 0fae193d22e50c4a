/* A userfaultfd for one range of shared memory. */
#pragma once

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fail.h"

#ifdef UFFD_USER_MODE_ONLY
#define USER_MODE_ONLY UFFD_USER_MODE_ONLY
#else
#define USER_MODE_ONLY 1
#endif

/* -1 if this process may not have one with these flags. What has minor faults has missing ones, too. */
static inline int open_userfault_for(void* start, size_t bytes, int flags, uint64_t mode) {
  const int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | flags);
  if (fd < 0) return fd;
  struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_MISSING_SHMEM};
  if (ioctl(fd, UFFDIO_API, &api) != 0) fail("UFFDIO_API");
  struct uffdio_register range = {.range = {(uintptr_t)start, bytes}, .mode = mode};
  if (ioctl(fd, UFFDIO_REGISTER, &range) != 0) fail("UFFDIO_REGISTER");
  return fd;
}

/* For pages that exist. -1 if this process may not have one. */
static inline int open_userfault(void* start, size_t bytes) {
  const int fd = open_userfault_for(start, bytes, 0, UFFDIO_REGISTER_MODE_MINOR);
  return fd < 0 ? open_userfault_for(start, bytes, USER_MODE_ONLY, UFFDIO_REGISTER_MODE_MINOR) : fd;
}

static inline void install(int fd, uintptr_t start, size_t bytes) {
  struct uffdio_continue request = {.range = {start, bytes}};
  if (ioctl(fd, UFFDIO_CONTINUE, &request) != 0) fail("UFFDIO_CONTINUE");
}
