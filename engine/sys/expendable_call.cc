#include "engine/sys/expendable_call.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/sys/call.h"
#include "engine/sys/thread.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

// One that is lost stays so until whoever holds the file lets go of it.
constexpr size_t kMaxThreads = 16;
constexpr std::chrono::seconds kIdleTime{1};

struct Call {
  UniqueFd fd;
  ino_t inode = 0;
  std::function<long(int)> run;
  bool is_over = false;
  CallResult result;
};

class Callers {
 public:
  static Callers& instance() {
    static auto* const forever = new Callers;
    return *forever;
  }

  std::optional<CallResult> run(std::chrono::milliseconds patience, const std::shared_ptr<Call>& call) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(mutex_);
    if (is_held_up(call->inode)) return std::nullopt;
    if (idle_ <= waiting_.size()) {
      if (threads_ == kMaxThreads || !start_thread()) return std::nullopt;
      ++threads_;
    }
    waiting_.push_back(call);
    is_needed_.notify_one();
    while (!call->is_over) {
      if (!is_over_.wait_until(mutex_, deadline) && !call->is_over) {
        give_up(call);
        return std::nullopt;
      }
    }
    return call->result;
  }

 private:
  bool is_held_up(ino_t inode) const VMO_REQUIRES(mutex_) {
    return std::any_of(lost_.begin(), lost_.end(), [&](const auto& call) { return call->inode == inode; });
  }

  // What has not begun does not begin any more.
  void give_up(const std::shared_ptr<Call>& call) VMO_REQUIRES(mutex_) {
    const auto at = std::find(waiting_.begin(), waiting_.end(), call);
    if (at == waiting_.end()) {
      lost_.push_back(call);
    } else {
      waiting_.erase(at);
    }
  }

  bool start_thread() {
    Result<Thread> thread = Thread::start("vmo-expendable", [this] { serve(); });
    if (thread.is_ok()) thread.value().detach();
    return thread.is_ok();
  }

  void serve() {
    for (std::shared_ptr<Call> call = await_one(); call != nullptr; call = await_one()) {
      const long value = call->run(call->fd.get());
      const int error_number = errno;
      call->fd.reset();
      const MutexLock lock(mutex_);
      call->result = {value, error_number};
      call->is_over = true;
      lost_.erase(std::remove(lost_.begin(), lost_.end(), call), lost_.end());
      is_over_.notify_all();
    }
  }

  std::shared_ptr<Call> await_one() {
    const auto enough = std::chrono::steady_clock::now() + kIdleTime;
    const MutexLock lock(mutex_);
    ++idle_;
    while (waiting_.empty() && is_needed_.wait_until(mutex_, enough)) continue;
    --idle_;
    if (waiting_.empty()) {
      --threads_;
      return nullptr;
    }
    std::shared_ptr<Call> call = std::move(waiting_.front());
    waiting_.pop_front();
    return call;
  }

  Mutex mutex_;
  Condition is_needed_;
  Condition is_over_;
  std::deque<std::shared_ptr<Call>> waiting_ VMO_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Call>> lost_ VMO_GUARDED_BY(mutex_);
  size_t idle_ VMO_GUARDED_BY(mutex_) = 0;
  size_t threads_ VMO_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::optional<CallResult> call_within(std::chrono::milliseconds patience, int fd, std::function<long(int)> call) {
  struct stat attributes;
  Result<UniqueFd> copy = duplicate(fd);
  if (!copy.is_ok() || ::fstat(fd, &attributes) != 0) return std::nullopt;
  auto shared = std::make_shared<Call>();
  shared->fd = copy.take();
  shared->inode = attributes.st_ino;
  shared->run = std::move(call);
  return Callers::instance().run(patience, shared);
}

}  // namespace vmoffer
