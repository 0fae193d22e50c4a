#include "engine/memory/stale_range.h"

#include <memory>
#include <optional>

#include "engine/base/denial.h"
#include "engine/base/mutex.h"
#include "engine/sys/stale_fault.h"
#include "engine/sys/thread.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {
namespace {

// One for the process, made when it is first needed. Its ranges may outlive every other object, so it lives for ever.
class StaleFaults {
 public:
  static StaleFaults& instance() {
    static StaleFaults* const forever = new StaleFaults;
    return *forever;
  }

  // Null if this process cannot have one, or not now. The thread that answers moves to the caller's core: the caller is
  // about to wait for it, and waking it on another core takes several times as long.
  const StaleFault* get() {
    const MutexLock lock(mutex_);
    if (fault_ == nullptr && !is_refused_) start();
    if (fault_ != nullptr) come_here();
    return fault_.get();
  }

 private:
  void start() VMO_REQUIRES(mutex_) {
    Result<StaleFault> fault = StaleFault::open();
    // Without a free descriptor, try again the next time. A right that this process lacks it will not get.
    is_refused_ = !fault.is_ok() && fault.status().code() == Code::kUnsupported;
    if (!fault.is_ok()) return;
    fault_ = std::make_unique<StaleFault>(fault.take());
    Result<Thread> thread = Thread::start("vmo-stale", [answering = fault_.get()] { answering->answer(); });
    if (!thread.is_ok()) return fault_.reset();
    thread_.emplace(thread.take());
  }

  void come_here() VMO_REQUIRES(mutex_) {
    const int core = current_core();
    if (core < 0 || core == core_) return;
    core_ = core;
    thread_->keep_on(core);
  }

  Mutex mutex_;
  std::unique_ptr<StaleFault> fault_ VMO_GUARDED_BY(mutex_);
  std::optional<Thread> thread_ VMO_GUARDED_BY(mutex_);
  int core_ VMO_GUARDED_BY(mutex_) = -1;  // where the thread was sent last
  bool is_refused_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace

Status put_stale(Mapping& mapping, uint64_t byte_offset, uint64_t byte_length) {
  const StaleFault* const fault = is_denied("faults on stale memory") ? nullptr : StaleFaults::instance().get();
  if (fault != nullptr) {
    Result<Mapping> nothing = fault->map(byte_length);
    if (nothing.is_ok() && mapping.put_mapping(byte_offset, nothing.take()).is_ok()) return Status();
  }
  return mapping.put_zeros(byte_offset, byte_length);
}

}  // namespace vmoffer
