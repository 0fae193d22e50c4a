#include "engine/sys/foreign_fd.h"

#include <unistd.h>

#include <chrono>
#include <deque>

#include "engine/base/mutex.h"
#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

// One that is held up must not hold up the others. When all of them are, descriptors stay open, and nothing else waits.
constexpr size_t kMaxThreads = 4;
// It is rare that there is something to close, and then there is often more.
constexpr std::chrono::seconds kIdleTime{1};

class Closer {
 public:
  static Closer& instance() {
    static auto* const forever = new Closer;
    return *forever;
  }

  void take(int fd) {
    const MutexLock lock(mutex_);
    waiting_.push_back(fd);
    if (waiting_.size() > idle_ && threads_ < kMaxThreads && start_thread()) ++threads_;
    is_needed_.notify_one();
  }

  size_t waiting() {
    const MutexLock lock(mutex_);
    return waiting_.size();
  }

 private:
  // Without any thread the descriptor waits for the next one: it is never closed by whoever had it.
  bool start_thread() {
    Result<Thread> thread = Thread::start("vmo-closer", [this] { run(); });
    if (thread.is_ok()) thread.value().detach();
    return thread.is_ok();
  }

  void run() {
    for (int fd = await_one(); fd >= 0; fd = await_one()) ::close(fd);
  }

  // -1 when there has been none for a while: then the thread no longer counts.
  int await_one() {
    const auto enough = std::chrono::steady_clock::now() + kIdleTime;
    const MutexLock lock(mutex_);
    ++idle_;
    while (waiting_.empty() && is_needed_.wait_until(mutex_, enough)) continue;
    --idle_;
    if (waiting_.empty()) {
      --threads_;
      return -1;
    }
    const int fd = waiting_.front();
    waiting_.pop_front();
    return fd;
  }

  Mutex mutex_;
  Condition is_needed_;
  std::deque<int> waiting_ VMO_GUARDED_BY(mutex_);
  size_t idle_ VMO_GUARDED_BY(mutex_) = 0;
  size_t threads_ VMO_GUARDED_BY(mutex_) = 0;
};

}  // namespace

ForeignFd ForeignFd::harmless(UniqueFd fd) {
  ForeignFd result(fd.release());
  result.set_harmless();
  return result;
}

UniqueFd ForeignFd::take_verified() {
  is_harmless_ = false;
  return UniqueFd(std::exchange(fd_, -1));
}

void ForeignFd::reset() {
  if (fd_ < 0) return;
  const int fd = std::exchange(fd_, -1);
  if (std::exchange(is_harmless_, false)) {
    const UniqueFd closed_here(fd);
  } else {
    Closer::instance().take(fd);
  }
}

size_t waiting_to_be_closed() { return Closer::instance().waiting(); }

}  // namespace vmoffer
