/*
 * claim: what a claim costs between two bare C programs, one that has memory (the source) and one that asks for it (the
 * asker). The steps are the library's: a fresh SEQPACKET connection, CLAIM, terms with one memfd, mmap, an
 * acknowledgement, done.
 *
 * For each line "LOOKS DROPS BYTES COUNT PAUSE_US" it makes COUNT claims. It prints the median time from the request to
 * the first byte in nanoseconds, and how many claims a second that would be. LOOKS says which processes poll for a
 * message instead of sleeping.
 *
 *   neither     both sleep
 *   asker       the asker polls
 *   both        both poll, each on a core of its own
 *
 *   checked     both poll, and make the other system calls of the library's claim as well: see common/claim_calls.h
 *   checked-neither  both sleep, and make those calls
 *
 * With DROPS 0 the asker touches the first byte once the terms are mapped; with 1, once the source has said done.
 * PAUSE_US is how long both rest before each claim. "crowd DROPS BYTES COUNT 0" sends COUNT requests before it takes
 * the first answer, while both poll, and prints the time of all of them; "checked-crowd" does so with those calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common/claim_calls.h"
#include "common/clock.h"
#include "common/fail.h"
#include "common/memory.h"

#define MOST_IN_CROWD 1024
#define WARM_UP 20

struct address {
  struct sockaddr_un name;
  socklen_t length;
};

struct exchange {
  struct address address;
  int memory_fd;
  size_t bytes;
  bool asker_looks;
  bool answerer_looks;
  bool drops;
  bool checks;
};

/* Two sides that look on one core would keep each other from running. */
static void pin_to_core_number(int number) {
  cpu_set_t allowed, only;
  CPU_ZERO(&allowed);
  CPU_ZERO(&only);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  int core = -1;
  for (int left = number; left >= 0; --left) {
    do ++core;
    while (!CPU_ISSET(core, &allowed));
  }
  CPU_SET(core, &only);
  sched_setaffinity(0, sizeof only, &only);
}

static struct address address_of_run(void) {
  static int run;
  struct address address = {.name.sun_family = AF_UNIX};
  char* name = address.name.sun_path + 1;
  const int length = snprintf(name, sizeof address.name.sun_path - 1, "vmoffer-bench-claim-%d-%d", getpid(), ++run);
  address.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
  return address;
}

static int new_socket(int flags) {
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
  if (fd < 0) fail("socket");
  return fd;
}

static void say(int socket_fd, const char* word, int descriptor_fd) {
  struct iovec part = {(void*)(uintptr_t)word, strlen(word)};
  char control[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor_fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    struct cmsghdr* first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(first), &descriptor_fd, sizeof(int));
  }
  (void)!sendmsg(socket_fd, &header, MSG_NOSIGNAL);
}

/* Returns the length of the message; 0 at the end. */
static ssize_t hear(int socket_fd, bool looks, int* descriptor_fd) {
  char bytes[64];
  struct iovec part = {bytes, sizeof bytes};
  char control[CMSG_SPACE(sizeof(int))];
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
  ssize_t got;
  do {
    header.msg_controllen = sizeof control;
    got = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC | (looks ? MSG_DONTWAIT : 0));
  } while (got < 0 && (errno == EAGAIN || errno == EINTR));
  const struct cmsghdr* first = CMSG_FIRSTHDR(&header);
  if (got > 0 && first != NULL && descriptor_fd != NULL) memcpy(descriptor_fd, CMSG_DATA(first), sizeof(int));
  return got;
}

static int accept_one(int listener_fd, bool looks) {
  for (;;) {
    const int fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (!looks || errno != EAGAIN) fail("accept4");
  }
}

/* A claim as its source sees it. */
struct answering {
  int fd;
  int process_fd;
};

static struct answering welcome(const struct exchange* exchange, int listener_fd, int epoll_fd) {
  struct answering it = {accept_one(listener_fd, exchange->answerer_looks), -1};
  if (!exchange->checks) return it;
  it.process_fd = look_at_peer(it.fd);
  geteuid();
  look_at_limit();
  watch(epoll_fd, EPOLL_CTL_ADD, it.fd, EPOLLIN);
  return it;
}

static void give_terms(const struct exchange* exchange, const struct answering* it, int epoll_fd) {
  if (hear(it->fd, exchange->answerer_looks, NULL) <= 0) return;
  if (!exchange->checks) {
    say(it->fd, "terms", exchange->memory_fd);
    return;
  }
  peek(it->fd);
  look_at_limit();
  const int memory_fd = read_only_copy(exchange->memory_fd);
  say(it->fd, "terms", memory_fd);
  close(memory_fd);
  peek(it->fd);
  look_for_events(epoll_fd);
}

static void give_done(const struct exchange* exchange, const struct answering* it, int epoll_fd) {
  if (hear(it->fd, exchange->answerer_looks, NULL) <= 0) return;
  if (exchange->checks) {
    look_at_output(it->fd);
    peek(it->fd);
    close_if_open(it->process_fd);
    watch(epoll_fd, EPOLL_CTL_MOD, it->fd, 0);
  }
  say(it->fd, "done", -1);
  if (exchange->checks) shutdown(it->fd, SHUT_RD);
}

static void bid_farewell(const struct exchange* exchange, const struct answering* it, int epoll_fd) {
  struct pollfd asker = {it->fd, 0, 0};
  if (!exchange->checks) {
    hear(it->fd, exchange->answerer_looks, NULL);
  } else {
    while (poll(&asker, 1, exchange->answerer_looks ? 0 : -1) == 0) continue;
    watch(epoll_fd, EPOLL_CTL_DEL, it->fd, 0);
    look_for_events(epoll_fd);
  }
  close(it->fd);
}

/* All claims of one crowd ask before any of them acknowledges. */
static void answer(const struct exchange* exchange, int listener_fd, size_t crowd) {
  static struct answering all[MOST_IN_CROWD];
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  for (;;) {
    for (size_t i = 0; i < crowd; ++i) {
      all[i] = welcome(exchange, listener_fd, epoll_fd);
      give_terms(exchange, &all[i], epoll_fd);
    }
    for (size_t i = 0; i < crowd; ++i) give_done(exchange, &all[i], epoll_fd);
    for (size_t i = 0; i < crowd; ++i) bid_farewell(exchange, &all[i], epoll_fd);
  }
}

static pid_t start_answering(const struct exchange* exchange, size_t crowd) {
  const int listener_fd = new_socket(exchange->answerer_looks ? SOCK_NONBLOCK : 0);
  if (bind(listener_fd, (const struct sockaddr*)&exchange->address.name, exchange->address.length) != 0) fail("bind");
  if (listen(listener_fd, SOMAXCONN) != 0) fail("listen");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (exchange->answerer_looks) pin_to_core_number(1);
    answer(exchange, listener_fd, crowd);
  }
  close(listener_fd);
  return child;
}

struct claim {
  int socket_fd;
  int process_fd;
  int memory_fd;
  char* start;
};

static void ask(const struct exchange* exchange, struct claim* claim) {
  claim->socket_fd = new_socket(0);
  const struct address* to = &exchange->address;
  if (connect(claim->socket_fd, (const struct sockaddr*)&to->name, to->length) != 0) fail("connect");
  if (exchange->checks) {
    claim->process_fd = look_at_peer(claim->socket_fd);
    look_whether_it_lives(claim->process_fd);
  }
  say(claim->socket_fd, "claim", -1);
}

static void take(const struct exchange* exchange, struct claim* claim) {
  claim->memory_fd = -1;
  if (hear(claim->socket_fd, exchange->asker_looks, &claim->memory_fd) <= 0) fail("recvmsg");
  if (exchange->checks) look_at_memory(claim->memory_fd);
  claim->start = map_memory(claim->memory_fd, exchange->bytes, PROT_READ, MAP_PRIVATE);
  if (exchange->checks) keep_out_of_forks(claim->start, exchange->bytes);
  say(claim->socket_fd, "mapped", -1);
  if (exchange->checks) {
    take_no_more_descriptors(claim->socket_fd);
    peek(claim->socket_fd);
    peek(claim->socket_fd);
    close_if_open(claim->process_fd);
  }
  if (exchange->drops) hear(claim->socket_fd, exchange->asker_looks, NULL);
  if (*(volatile char*)claim->start != FILLING) fail("the first byte");
}

static void let_go(const struct exchange* exchange, const struct claim* claim) {
  munmap(claim->start, exchange->bytes);
  close(claim->memory_fd);
  close(claim->socket_fd);
}

static int by_value(const void* a, const void* b) {
  const double left = *(const double*)a, right = *(const double*)b;
  return (left > right) - (left < right);
}

static double claim_once(const struct exchange* exchange) {
  struct claim claim;
  const double start = nanoseconds();
  ask(exchange, &claim);
  take(exchange, &claim);
  const double took_ns = nanoseconds() - start;
  let_go(exchange, &claim);
  return took_ns;
}

static void measure(const struct exchange* exchange, size_t count, useconds_t pause_us) {
  double* took_ns = calloc(count, sizeof *took_ns);
  if (took_ns == NULL) fail("calloc");
  for (int i = 0; i < WARM_UP; ++i) claim_once(exchange);
  double all_ns = 0;
  for (size_t i = 0; i < count; ++i) {
    if (pause_us > 0) usleep(pause_us);
    all_ns += took_ns[i] = claim_once(exchange);
  }
  qsort(took_ns, count, sizeof *took_ns, by_value);
  printf("%.0f %.0f\n", took_ns[count / 2], (double)count * 1e9 / all_ns);
  free(took_ns);
}

static void measure_crowd(const struct exchange* exchange, size_t count) {
  static struct claim claims[MOST_IN_CROWD];
  double took_ns[9];
  for (int turn = 0; turn < 9; ++turn) {
    const double start = nanoseconds();
    for (size_t i = 0; i < count; ++i) ask(exchange, &claims[i]);
    for (size_t i = 0; i < count; ++i) take(exchange, &claims[i]);
    took_ns[turn] = nanoseconds() - start;
    for (size_t i = 0; i < count; ++i) let_go(exchange, &claims[i]);
  }
  qsort(took_ns, 9, sizeof *took_ns, by_value);
  printf("%.0f %.0f\n", took_ns[4], (double)count * 1e9 / took_ns[4]);
}

int main(void) {
  char looks[16];
  int drops;
  size_t bytes, count;
  useconds_t pause_us;
  while (scanf("%15s %d %zu %zu %u", looks, &drops, &bytes, &count, &pause_us) == 5) {
    const bool checks = strncmp(looks, "checked", strlen("checked")) == 0;
    const bool is_crowd = strstr(looks, "crowd") != NULL;
    const bool all_look = is_crowd || strcmp(looks, "checked") == 0 || strcmp(looks, "both") == 0;
    if (is_crowd && count > MOST_IN_CROWD) return fprintf(stderr, "at most %d at once\n", MOST_IN_CROWD), 2;
    const struct filled_memory memory = fill_memory(bytes);
    const struct exchange exchange = {.address = address_of_run(),
                                      .memory_fd = memory.fd,
                                      .bytes = bytes,
                                      .asker_looks = all_look || strcmp(looks, "asker") == 0,
                                      .answerer_looks = all_look,
                                      .drops = drops != 0,
                                      .checks = checks};
    cpu_set_t before;
    sched_getaffinity(0, sizeof before, &before);
    const pid_t child = start_answering(&exchange, is_crowd ? count : 1);
    if (all_look) pin_to_core_number(0);
    if (is_crowd) {
      measure_crowd(&exchange, count);
    } else {
      measure(&exchange, count, pause_us);
    }
    fflush(stdout);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    sched_setaffinity(0, sizeof before, &before);
    munmap(memory.start, bytes);
    close(memory.fd);
  }
  return 0;
}
