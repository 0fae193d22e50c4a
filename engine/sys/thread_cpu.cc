#include "engine/sys/thread_cpu.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/base/text.h"
#include "engine/sys/program_symbol.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

constexpr uint32_t kQuestionsBetweenLooks = 64;
constexpr size_t kMaxSightings = 256;

// The rseq area belongs to its thread, so an entry is removed before the thread's memory goes.
class CoreDirectory {
 public:
  void add(uint32_t thread_id, const volatile uint32_t* core) {
    const MutexLock lock(mutex_);
    cores_[thread_id] = core;
  }
  void remove(uint32_t thread_id) {
    const MutexLock lock(mutex_);
    cores_.erase(thread_id);
  }
  int find(uint32_t thread_id) {
    const MutexLock lock(mutex_);
    const auto found = cores_.find(thread_id);
    return found == cores_.end() ? -1 : static_cast<int>(*found->second);
  }

 private:
  Mutex mutex_;
  std::unordered_map<uint32_t, const volatile uint32_t*> cores_ VMO_GUARDED_BY(mutex_);
};

CoreDirectory& directory() {
  static CoreDirectory* const forever = new CoreDirectory;  // threads end after static destructors have run
  return *forever;
}

// The beginning of struct rseq of include/uapi/linux/rseq.h.
struct RseqArea {
  uint32_t cpu_id_start;
  uint32_t cpu_id;
};

char* thread_pointer() {
#ifdef __x86_64__  // where GCC has the built-in function from 11 on
  char* pointer;
  asm("mov %%fs:0, %0" : "=r"(pointer));
  return pointer;
#else
  return static_cast<char*>(__builtin_thread_pointer());
#endif
}

// Null if the program has no such area: before glibc 2.35, or with its registration switched off. The symbols are
// looked up at run time, because an older glibc would not load a binary that is linked against them.
const volatile uint32_t* own_core() {
  static const auto* const size = static_cast<const unsigned int*>(find_program_symbol("__rseq_size"));
  static const auto* const offset = static_cast<const ptrdiff_t*>(find_program_symbol("__rseq_offset"));
  if (size == nullptr || offset == nullptr || *size == 0) return nullptr;
  return &reinterpret_cast<const RseqArea*>(thread_pointer() + *offset)->cpu_id;
}

class Enrolment {
 public:
  Enrolment() : thread_id_(static_cast<uint32_t>(own_thread_id())) {
    const volatile uint32_t* core = own_core();
    if (core != nullptr) directory().add(thread_id_, core);
  }
  ~Enrolment() { directory().remove(thread_id_); }
  Enrolment(const Enrolment&) = delete;
  Enrolment& operator=(const Enrolment&) = delete;

 private:
  const uint32_t thread_id_;
};

int core_from_proc(uint32_t thread_id) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%u/stat", thread_id);
  const UniqueFd fd(::open(path, O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return -1;
  char text[1024];
  const ssize_t got = ::read(fd.get(), text, sizeof text);
  if (got <= 0) return -1;
  constexpr int kCore = 39;
  std::string_view rest = from_field_of_stat({text, static_cast<size_t>(got)}, kCore);
  const std::optional<uint64_t> core = take_number(rest);
  return core ? static_cast<int>(*core) : -1;
}

}  // namespace

void enroll_this_thread() { thread_local const Enrolment enrolment; }

int ThreadCores::core_of(uint32_t thread_id) {
  if (thread_id == 0) return -1;
  const int enrolled = directory().find(thread_id);
  if (enrolled >= 0) return enrolled;
  // Nothing says that a thread has ended, so once in a while all entries are dropped.
  if (sightings_.size() == kMaxSightings && !sightings_.contains(thread_id)) sightings_.clear();
  Sighting& sighting = sightings_[thread_id];
  const uint32_t question = sighting.questions++;
  const bool is_due =
      question < kQuestionsBetweenLooks ? (question & (question - 1)) == 0 : question % kQuestionsBetweenLooks == 0;
  if (is_due) sighting.core = core_from_proc(thread_id);
  return sighting.core;
}

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

int current_core() { return ::sched_getcpu(); }

bool keep_thread_on(int thread_id, const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  return ::sched_setaffinity(thread_id, sizeof set, &set) == 0;
}

bool keep_this_thread_on(const std::vector<int>& cores) { return keep_thread_on(0, cores); }

int own_thread_id() { return static_cast<int>(::syscall(SYS_gettid)); }

void leave_core() {
  const std::vector<int> cores = allowed_cores();
  std::vector<int> others = cores;
  std::erase(others, current_core());
  if (others.empty() || others.size() == cores.size()) return;
  if (keep_this_thread_on(others)) keep_this_thread_on(cores);
}

void give_way() { ::sched_yield(); }

}  // namespace vmoffer
