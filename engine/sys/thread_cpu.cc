#include "engine/sys/thread_cpu.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define VMO_HAS_RSEQ 1
#endif

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

// The area belongs to the thread, so an entry is taken out before its thread's memory goes.
class CoreDirectory {
 public:
  void add(uint32_t thread_id, const volatile uint32_t* core) {
    const std::lock_guard lock(mutex_);
    cores_[thread_id] = core;
  }
  void remove(uint32_t thread_id) {
    const std::lock_guard lock(mutex_);
    cores_.erase(thread_id);
  }
  int find(uint32_t thread_id) {
    const std::lock_guard lock(mutex_);
    const auto found = cores_.find(thread_id);
    return found == cores_.end() ? -1 : static_cast<int>(*found->second);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<uint32_t, const volatile uint32_t*> cores_;
};

CoreDirectory& directory() {
  static CoreDirectory* const forever = new CoreDirectory;  // threads end after static destructors have run
  return *forever;
}

#ifdef VMO_HAS_RSEQ
const volatile uint32_t* own_core() {
  if (__rseq_size == 0) return nullptr;  // the program switched glibc's registration off
  auto* area = reinterpret_cast<const struct rseq*>(static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset);
  return &area->cpu_id;
}
#else
const volatile uint32_t* own_core() { return nullptr; }
#endif

class Enrolment {
 public:
  Enrolment() : thread_id_(static_cast<uint32_t>(::syscall(SYS_gettid))) {
    const volatile uint32_t* core = own_core();
    if (core != nullptr) directory().add(thread_id_, core);
  }
  ~Enrolment() { directory().remove(thread_id_); }
  Enrolment(const Enrolment&) = delete;
  Enrolment& operator=(const Enrolment&) = delete;

 private:
  const uint32_t thread_id_;
};

// Field 39 of /proc/…/stat; the second field may itself hold spaces and parentheses, so counting starts behind it.
int core_in_stat(const char* text) {
  const char* at = std::strrchr(text, ')');
  for (int field = 2; at != nullptr && field < 39; ++field) at = std::strchr(at + 1, ' ');
  return at == nullptr ? -1 : std::atoi(at + 1);
}

int core_from_proc(uint32_t thread_id) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%u/stat", thread_id);
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return -1;
  char text[1024];
  const ssize_t got = ::read(fd.get(), text, sizeof text - 1);
  if (got <= 0) return -1;
  text[got] = '\0';
  return core_in_stat(text);
}

}  // namespace

void enroll_this_thread() { thread_local const Enrolment enrolment; }

int core_of_thread(uint32_t thread_id) {
  if (thread_id == 0) return -1;
  const int enrolled = directory().find(thread_id);
  return enrolled >= 0 ? enrolled : core_from_proc(thread_id);
}

bool move_this_thread_to_core(int core) {
  if (core < 0 || core >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace vmoffer
