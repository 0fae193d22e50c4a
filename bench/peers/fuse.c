/*
 * fuse BYTES [FILE]: memory that is brought when it is touched as one would do it today, without userfaultfd: by a file
 * system in user space, whose only file is mapped.
 *
 * A child serves the file. Its bytes are FILE's, by read(2), or if there is none, made by memset(3). This process
 * mounts it in a new folder below /tmp, which is gone at the end.
 *
 * For each line it opens and maps the file anew, so that the kernel has none of its pages:
 *
 *   touch UNIT TOUCHES    touches that many units of UNIT bytes in random order, one byte each; prints the nanoseconds
 *                         of p50, p90 and p99. The kernel asks for UNIT bytes at a time
 *   read UNIT             reads every byte in order; prints the milliseconds. The kernel reads ahead by UNIT bytes
 *
 * Prints "nan nan nan" or "nan" for each line if this process may not mount a file system.
 *
 * It needs libfuse3 (Debian: libfuse3-dev), and CAP_SYS_ADMIN or fusermount3 (Debian: fuse3).
 */
#define FUSE_USE_VERSION 35
#define _GNU_SOURCE
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/percentiles.h"
#include "common/random.h"
#include "common/sum.h"
#include "common/touch.h"

#define FILE_NAME "data"
#define FILE_INODE 2
#define FOREVER_S 1e6
/* The kernel's own limit for FUSE, without a larger max_pages. */
#define LONGEST_READ ((size_t)1 << 20)

static size_t file_bytes;
static int source_fd = -1;
static char* filling;

static bool find_attributes(fuse_ino_t inode, struct stat* found) {
  memset(found, 0, sizeof *found);
  found->st_ino = inode;
  found->st_nlink = 1;
  found->st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0444;
  found->st_size = inode == FILE_INODE ? (off_t)file_bytes : 0;
  return inode == FUSE_ROOT_ID || inode == FILE_INODE;
}

static void on_init(void* context, struct fuse_conn_info* connection) {
  (void)context;
  connection->max_readahead = LONGEST_READ;
  connection->want |= connection->capable & (FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE | FUSE_CAP_ASYNC_READ);
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  if (parent != FUSE_ROOT_ID || strcmp(name, FILE_NAME) != 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  struct fuse_entry_param entry = {.ino = FILE_INODE, .attr_timeout = FOREVER_S, .entry_timeout = FOREVER_S};
  find_attributes(FILE_INODE, &entry.attr);
  fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  (void)file;
  struct stat attributes;
  if (find_attributes(inode, &attributes)) {
    fuse_reply_attr(request, &attributes, FOREVER_S);
  } else {
    fuse_reply_err(request, ENOENT);
  }
}

/* keep_cache stays unset: to open the file drops its pages. */
static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info* file) {
  (void)inode;
  fuse_reply_open(request, file);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t bytes, off_t offset, struct fuse_file_info* file) {
  (void)inode, (void)file;
  const size_t left = (size_t)offset < file_bytes ? file_bytes - (size_t)offset : 0;
  struct fuse_bufvec answer = FUSE_BUFVEC_INIT(bytes < left ? bytes : left);
  if (source_fd >= 0) {
    answer.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
    answer.buf[0].fd = source_fd;
    answer.buf[0].pos = offset;
  } else {
    answer.buf[0].mem = filling;
  }
  fuse_reply_data(request, &answer, FUSE_BUF_SPLICE_MOVE);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init, .lookup = on_lookup, .getattr = on_getattr, .open = on_open, .read = on_read};

/* In the child: says on the pipe that it is mounted, and serves until it is unmounted. */
static int serve(const char* folder, int ready_fd) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  filling = map_memory(-1, LONGEST_READ, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  memset(filling, FILLING, LONGEST_READ);
  char* words[] = {(char*)"fuse", (char*)"-o", (char*)"ro,fsname=vmoffer-bench"};
  struct fuse_args args = FUSE_ARGS_INIT(3, words);
  struct fuse_session* session = fuse_session_new(&args, &operations, sizeof operations, NULL);
  if (session == NULL || fuse_set_signal_handlers(session) != 0) return 1;
  if (fuse_session_mount(session, folder) != 0) return 1;
  if (write(ready_fd, "", 1) != 1) return 1;
  close(ready_fd);
  struct fuse_loop_config several_threads = {.clone_fd = 0, .max_idle_threads = 4};
  const int outcome = fuse_session_loop_mt(session, &several_threads);
  fuse_session_unmount(session);
  fuse_session_destroy(session);
  return outcome;
}

/* How far the kernel reads around a touch and ahead of a reader is a setting of the mount. */
static void set_read_ahead(const char* folder, size_t unit_bytes) {
  struct stat found;
  char path[96];
  if (stat(folder, &found) != 0) fail("stat");
  snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(found.st_dev), minor(found.st_dev));
  FILE* setting = fopen(path, "w");
  if (setting == NULL) fail(path);
  fprintf(setting, "%zu\n", unit_bytes >> 10);
  if (fclose(setting) != 0) fail(path);
}

static char* map_file(const char* folder) {
  char path[64];
  snprintf(path, sizeof path, "%s/" FILE_NAME, folder);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path);
  char* view = map_memory(fd, file_bytes, PROT_READ, MAP_SHARED);
  close(fd);
  return view;
}

static void measure_touches(const char* folder, size_t unit_bytes, size_t count) {
  set_read_ahead(folder, unit_bytes);
  uint64_t* offsets = random_offsets(file_bytes, unit_bytes, count);
  double* took_ns = calloc(count, sizeof *took_ns);
  if (took_ns == NULL) fail("calloc");
  const char* view = map_file(folder);
  time_touches(view, offsets, count, took_ns);
  munmap((void*)view, file_bytes);
  print_percentiles(took_ns, count);
  free(took_ns);
  free(offsets);
}

static void measure_reading(const char* folder, size_t unit_bytes) {
  set_read_ahead(folder, unit_bytes);
  char* view = map_file(folder);
  const double start = milliseconds();
  const uint64_t sum = sum_of_words(view, file_bytes);
  const double took_ms = milliseconds() - start;
  munmap(view, file_bytes);
  if (source_fd < 0 && sum != sum_of_filling(file_bytes)) {
    fprintf(stderr, "a byte is wrong\n");
    exit(1);
  }
  printf("%.3f\n", took_ms);
  fflush(stdout);
}

static void measure_lines(const char* folder, bool is_mounted) {
  char way[16];
  size_t unit_bytes, count;
  while (scanf("%15s %zu", way, &unit_bytes) == 2) {
    if (strcmp(way, "touch") == 0 && scanf("%zu", &count) == 1) {
      if (is_mounted) {
        measure_touches(folder, unit_bytes, count);
      } else {
        print_percentiles(NULL, 0);
      }
    } else if (strcmp(way, "read") == 0) {
      if (is_mounted) {
        measure_reading(folder, unit_bytes);
      } else {
        puts("nan"), fflush(stdout);
      }
    } else {
      fprintf(stderr, "there is no way '%s'\n", way);
      return;
    }
  }
}

static size_t length_of(int fd) {
  struct stat found;
  if (fstat(fd, &found) != 0) fail("fstat");
  return (size_t)found.st_size;
}

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return fprintf(stderr, "usage: fuse BYTES [FILE]\n"), 2;
  file_bytes = strtoull(argv[1], NULL, 10);
  if (argc == 3 && (source_fd = open(argv[2], O_RDONLY | O_CLOEXEC)) < 0) fail(argv[2]);
  if (source_fd >= 0 && length_of(source_fd) < file_bytes) return fprintf(stderr, "%s is too short\n", argv[2]), 2;
  char folder[] = "/tmp/vmoffer-fuse-XXXXXX";
  int ready[2];
  if (mkdtemp(folder) == NULL || pipe2(ready, O_CLOEXEC) != 0) fail("mkdtemp");
  const pid_t server = fork();
  if (server < 0) fail("fork");
  if (server == 0) _exit(serve(folder, ready[1]));
  close(ready[1]);
  char byte;
  const bool is_mounted = read(ready[0], &byte, 1) == 1;
  measure_lines(folder, is_mounted);
  kill(server, SIGTERM);
  waitpid(server, NULL, 0);
  if (rmdir(folder) != 0) fail("rmdir");
  return 0;
}
