#include "engine/pager/stale_range.h"

#include <memory>
#include <mutex>

#include "engine/base/denial.h"
#include "engine/sys/stale_fault.h"
#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

// One for the process, made when it is first needed. Any range may outlive what made it, so it lives for ever.
class StaleFaults {
 public:
  static StaleFaults& instance() {
    static StaleFaults* const forever = new StaleFaults;
    return *forever;
  }

  // Null where it is not to be had, or not now.
  const StaleFault* get() {
    const std::lock_guard lock(mutex_);
    if (fault_ == nullptr && !is_refused_) start();
    return fault_.get();
  }

 private:
  void start() {
    Result<StaleFault> fault = StaleFault::open();
    // A descriptor may be free the next time; a right that a process has not it will not get.
    is_refused_ = !fault.is_ok() && fault.status().code() == Code::kUnsupported;
    if (!fault.is_ok()) return;
    fault_ = std::make_unique<StaleFault>(fault.take());
    const Result<Thread> thread = Thread::start("vmo-stale", [answering = fault_.get()] { answering->answer(); });
    if (!thread.is_ok()) fault_.reset();
  }

  std::mutex mutex_;  // guards all below
  std::unique_ptr<StaleFault> fault_;
  bool is_refused_ = false;
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
