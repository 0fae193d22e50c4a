#include "engine/sys/foreign_fd.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

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
    const std::lock_guard lock(mutex_);
    waiting_.push_back(fd);
    if (waiting_.size() > idle_ && threads_ < kMaxThreads && start_thread()) ++threads_;
    is_needed_.notify_one();
  }

  size_t waiting() {
    const std::lock_guard lock(mutex_);
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
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      const bool is_needed = is_needed_.wait_for(lock, kIdleTime, [this] { return !waiting_.empty(); });
      --idle_;
      if (!is_needed) break;
      const int fd = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      ::close(fd);
      lock.lock();
    }
    --threads_;
  }

  std::mutex mutex_;  // guards all below
  std::condition_variable is_needed_;
  std::deque<int> waiting_;
  size_t idle_ = 0;
  size_t threads_ = 0;
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
