#include "engine/pager/fault_thread.h"

#include <vector>

#include "engine/base/checkpoint.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {

Result<std::unique_ptr<FaultThread>> FaultThread::start(Pager& pager) {
  Result<Wakeup> stop = Wakeup::open();
  if (!stop.is_ok()) return stop.status();
  std::unique_ptr<FaultThread> self(new FaultThread(pager, stop.take()));
  Result<Thread> thread = Thread::start("vmo-pager", [raw = self.get()] { raw->run(); });
  if (!thread.is_ok()) return thread.status();
  self->thread_ = std::make_unique<Thread>(thread.take());
  return self;
}

FaultThread::~FaultThread() {
  if (thread_ == nullptr) return;
  stop_.signal();
  thread_->join();
}

void FaultThread::run() {
  std::vector<Fault> faults;
  while (wait_either_readable(pager_.userfault().fd(), stop_.fd())) {
    faults.clear();
    if (!pager_.userfault().read_faults(faults)) return;
    checkpoint("pager.fault");
    for (const Fault& fault : faults) pager_.handle(fault);
    if (!faults.empty()) follow(faults.back().thread_id);
  }
}

// After the answer, not before it: moving takes longer than answering, and the next fault profits as well.
void FaultThread::follow(uint32_t thread_id) {
  const int core = core_of_thread(thread_id);
  if (core < 0 || core == core_) return;
  if (move_this_thread_to_core(core)) core_ = core;
}

}  // namespace vmoffer
