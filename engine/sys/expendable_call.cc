#include "engine/sys/expendable_call.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/sys/call.h"
#include "engine/sys/expendable_pool.h"
#include "engine/sys/unique_fd.h"

namespace vmoffer {
namespace {

// A lost thread stays lost until the process that holds the inode's lock gives it up.
constexpr size_t kMostThreads = 16;

struct Call {
  enum class State : uint8_t { kWaiting, kBegun, kGivenUp, kOver };

  UniqueFd fd;
  ino_t inode = 0;
  std::function<long(int)> run;
  State state = State::kWaiting;
  CallResult result;
};

class Callers {
 public:
  static Callers& instance() {
    static auto* const forever = new Callers;
    return *forever;
  }

  void add(std::function<void()> work) { threads_.add(std::move(work)); }

  std::optional<CallResult> run(std::chrono::milliseconds patience, const std::shared_ptr<Call>& call) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const MutexLock lock(mutex_);
    if (is_held_up(call->inode) || !threads_.add_if_served([this, call] { serve(*call); })) return std::nullopt;
    while (call->state != Call::State::kOver) {
      if (!is_over_.wait_until(mutex_, deadline) && call->state != Call::State::kOver) {
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

  // A call that has not begun will not begin.
  void give_up(const std::shared_ptr<Call>& call) VMO_REQUIRES(mutex_) {
    if (call->state == Call::State::kBegun) lost_.push_back(call);
    call->state = Call::State::kGivenUp;
  }

  void serve(Call& call) {
    if (!begin(call)) return;
    const long value = call.run(call.fd.get());
    const int error_number = errno;
    call.fd.reset();
    end(call, {value, error_number});
  }

  bool begin(Call& call) {
    const MutexLock lock(mutex_);
    if (call.state == Call::State::kGivenUp) return false;
    call.state = Call::State::kBegun;
    return true;
  }

  void end(Call& call, CallResult result) {
    const MutexLock lock(mutex_);
    call.result = result;
    call.state = Call::State::kOver;
    lost_.erase(std::remove_if(lost_.begin(), lost_.end(), [&](const auto& lost) { return lost.get() == &call; }),
                lost_.end());
    is_over_.notify_all();
  }

  ExpendablePool threads_{"vmo-expendable", kMostThreads};
  Mutex mutex_;
  Condition is_over_;
  std::vector<std::shared_ptr<Call>> lost_ VMO_GUARDED_BY(mutex_);
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

void run_expendably(std::function<void()> work) { Callers::instance().add(std::move(work)); }

}  // namespace vmoffer
