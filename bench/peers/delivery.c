/*
 * delivery BYTES: two processes. The sender has filled memory, and the receiver wants it.
 *
 * For each line "WAY BYTES" the receiver asks the sender for BYTES, and prints the milliseconds from its request to the
 * first byte, and to the sum of all bytes.
 *
 *   socket, pipe       written in chunks of 1 MiB
 *   vmsplice           the sender's pages are put into a pipe, in chunks of 1 MiB
 *   process_vm_readv   the receiver copies them out of the sender's memory, in chunks of 1 MiB
 *   memfd              the sender passes its memory as a descriptor, which the receiver maps
 *   file               the sender writes a file in /dev/shm, which the receiver maps
 *
 *   socket-fresh       like socket, but into fresh memory for all bytes, where they stay
 *   socket-kept        the same, into memory that the receiver has kept from the last time
 *
 * In the other ways the receiver reads into one chunk, again and again, and sums the chunk up while it is in the cache.
 * That is the cheapest way to receive, and leaves the receiver without the bytes. Everything is open before the
 * receiver asks.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/clock.h"
#include "common/fail.h"
#include "common/memory.h"
#include "common/sum.h"

#define CHUNK_BYTES ((size_t)1 << 20)
#define FILE_FORMAT "/dev/shm/vmoffer-bench-%d"

struct order {
  int way;
  size_t bytes;
};

/* Both ends of each carrier, made before the fork. */
static struct {
  int asking[2];
  int socket[2];
  int pipe[2];
} ends;

static size_t memory_bytes;

/* The sender's. */
static struct filled_memory memory;
static char own_path[64];

/* The receiver's. */
static pid_t sender_pid;
static char* chunk;
static char* kept;
static double first_ms;
static uint64_t sum;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void write_all(int fd, const void* from, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    const ssize_t count = write(fd, (const char*)from + at, bytes - at);
    if (count < 0) fail("write");
    at += (size_t)count;
  }
}

/* Returns false at the end of the stream. */
static bool read_all(int fd, void* to, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    const ssize_t count = read(fd, (char*)to + at, bytes - at);
    if (count < 0) fail("read");
    if (count == 0) return false;
    if (first_ms == 0) first_ms = milliseconds();
    at += (size_t)count;
  }
  return true;
}

/* Streams: a chunk at a time. */

static void send_to_socket(size_t bytes) {
  for (size_t at = 0; at < bytes; at += CHUNK_BYTES)
    write_all(ends.socket[1], memory.start + at, smaller(CHUNK_BYTES, bytes - at));
}

static void send_to_pipe(size_t bytes) {
  for (size_t at = 0; at < bytes; at += CHUNK_BYTES)
    write_all(ends.pipe[1], memory.start + at, smaller(CHUNK_BYTES, bytes - at));
}

static void splice_to_pipe(size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    struct iovec part = {memory.start + at, smaller(CHUNK_BYTES, bytes - at)};
    const ssize_t count = vmsplice(ends.pipe[1], &part, 1, 0);
    if (count < 0) fail("vmsplice");
    at += (size_t)count;
  }
}

static void receive_chunks(int fd, size_t bytes) {
  for (size_t at = 0; at < bytes; at += CHUNK_BYTES) {
    const size_t count = smaller(CHUNK_BYTES, bytes - at);
    if (!read_all(fd, chunk, count)) fail("the sender has ended");
    sum += sum_of_words(chunk, count);
  }
}

static void receive_from_socket(size_t bytes) { receive_chunks(ends.socket[0], bytes); }
static void receive_from_pipe(size_t bytes) { receive_chunks(ends.pipe[0], bytes); }

static char* fresh_memory(size_t bytes) {
  return map_memory(-1, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void receive_whole(char* whole, size_t bytes) {
  if (!read_all(ends.socket[0], whole, bytes)) fail("the sender has ended");
  sum = sum_of_words(whole, bytes);
}

static void receive_into_fresh_memory(size_t bytes) {
  char* whole = fresh_memory(bytes);
  receive_whole(whole, bytes);
  munmap(whole, bytes);
}

static void receive_into_kept_memory(size_t bytes) {
  if (kept == NULL) kept = fresh_memory(memory_bytes);
  receive_whole(kept, bytes);
}

/* Copying out of the sender's memory. */

static void tell_address(size_t bytes) {
  (void)bytes;
  write_all(ends.asking[1], &memory.start, sizeof memory.start);
}

static void copy_out(size_t bytes) {
  char* from;
  read_all(ends.asking[0], &from, sizeof from);
  first_ms = 0;
  for (size_t at = 0; at < bytes; at += CHUNK_BYTES) {
    const size_t count = smaller(CHUNK_BYTES, bytes - at);
    struct iovec here = {chunk, count}, there = {from + at, count};
    if (process_vm_readv(sender_pid, &here, 1, &there, 1, 0) != (ssize_t)count) fail("process_vm_readv");
    if (first_ms == 0) first_ms = milliseconds();
    sum += sum_of_words(chunk, count);
  }
}

/* Mapping the sender's memory. */

static void sum_mapping(int fd, size_t bytes) {
  char* view = map_memory(fd, bytes, PROT_READ, MAP_SHARED);
  (void)*(volatile char*)view;
  first_ms = milliseconds();
  sum = sum_of_words(view, bytes);
  munmap(view, bytes);
  close(fd);
}

union passing {
  char space[CMSG_SPACE(sizeof(int))];
  struct cmsghdr aligned;
};

static void pass_descriptor(size_t bytes) {
  (void)bytes;
  char byte = 0;
  union passing passing = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &passing, .msg_controllen = sizeof passing};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &memory.fd, sizeof memory.fd);
  if (sendmsg(ends.asking[1], &message, 0) != 1) fail("sendmsg");
}

static void map_descriptor(size_t bytes) {
  char byte;
  int fd;
  union passing passing = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &passing, .msg_controllen = sizeof passing};
  if (recvmsg(ends.asking[0], &message, MSG_CMSG_CLOEXEC) != 1) fail("recvmsg");
  const struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS) fail("no descriptor came");
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  sum_mapping(fd, bytes);
}

static void write_file(size_t bytes) {
  const int fd = open(own_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail("open");
  for (size_t at = 0; at < bytes; at += CHUNK_BYTES) write_all(fd, memory.start + at, smaller(CHUNK_BYTES, bytes - at));
  close(fd);
  write_all(ends.asking[1], "!", 1);
}

/* A file that is left in /dev/shm takes memory until the machine shuts down. */
static void leave_no_file(int signal) {
  unlink(own_path);
  _exit(128 + signal);
}

static void map_file(size_t bytes) {
  char path[64], written;
  read_all(ends.asking[0], &written, 1);
  snprintf(path, sizeof path, FILE_FORMAT, sender_pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("open");
  unlink(path);
  sum_mapping(fd, bytes);
}

static const struct {
  const char* name;
  void (*send)(size_t bytes);
  void (*receive)(size_t bytes);
} ways[] = {
    {"socket", send_to_socket, receive_from_socket},
    {"socket-fresh", send_to_socket, receive_into_fresh_memory},
    {"socket-kept", send_to_socket, receive_into_kept_memory},
    {"pipe", send_to_pipe, receive_from_pipe},
    {"vmsplice", splice_to_pipe, receive_from_pipe},
    {"process_vm_readv", tell_address, copy_out},
    {"memfd", pass_descriptor, map_descriptor},
    {"file", write_file, map_file},
};

#define WAY_COUNT ((int)(sizeof ways / sizeof *ways))

static void be_sender(void) {
  snprintf(own_path, sizeof own_path, FILE_FORMAT, getpid());
  const int endings[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) signal(endings[i], leave_no_file);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  close(ends.asking[0]);
  memory = fill_memory(memory_bytes);
  write_all(ends.asking[1], "!", 1);
  struct order order;
  while (read_all(ends.asking[1], &order, sizeof order)) ways[order.way].send(order.bytes);
  exit(0);
}

static int find_way(const char* name) {
  for (int way = 0; way < WAY_COUNT; ++way) {
    if (strcmp(ways[way].name, name) == 0) return way;
  }
  fprintf(stderr, "there is no way '%s'\n", name);
  exit(2);
}

static void be_receiver(void) {
  char name[32], filled;
  struct order order;
  close(ends.asking[1]);
  read_all(ends.asking[0], &filled, 1);
  chunk = map_memory(-1, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE);
  while (scanf("%31s %zu", name, &order.bytes) == 2) {
    order.way = find_way(name);
    first_ms = 0;
    sum = 0;
    const double asked_ms = milliseconds();
    write_all(ends.asking[0], &order, sizeof order);
    ways[order.way].receive(order.bytes);
    const double last_ms = milliseconds();
    if (sum != sum_of_filling(order.bytes)) return (void)fprintf(stderr, "%s: wrong bytes\n", name), exit(1);
    printf("%.6f %.6f\n", first_ms - asked_ms, last_ms - asked_ms);
    fflush(stdout);
  }
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: delivery BYTES\n"), 2;
  memory_bytes = strtoull(argv[1], NULL, 10);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.asking) != 0) fail("socketpair");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.socket) != 0) fail("socketpair");
  if (pipe2(ends.pipe, O_CLOEXEC) != 0) fail("pipe2");
  fcntl(ends.pipe[1], F_SETPIPE_SZ, (int)CHUNK_BYTES);
  sender_pid = fork();
  if (sender_pid < 0) fail("fork");
  if (sender_pid == 0) be_sender();
  be_receiver();
  return 0;
}
