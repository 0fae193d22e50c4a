// FaultThread: the thread 'vmo-pager', which reads faults and has the pager resolve them. It follows the core of the
// threads that fault: woken there it answers in 3 µs, on another core in 60.
#pragma once

#include <memory>

#include "engine/pager/pager.h"
#include "engine/sys/thread.h"
#include "engine/sys/wakeup.h"

namespace vmoffer {

class FaultThread {
 public:
  // Borrows the pager, which outlives the thread.
  static Result<std::unique_ptr<FaultThread>> start(Pager& pager);
  // Stops and joins. Faults that come later wait until their range is removed.
  ~FaultThread();

  FaultThread(const FaultThread&) = delete;
  FaultThread& operator=(const FaultThread&) = delete;

 private:
  FaultThread(Pager& pager, Wakeup stop) : pager_(pager), stop_(std::move(stop)) {}
  void run();
  void follow(uint32_t thread_id);

  Pager& pager_;
  const Wakeup stop_;
  std::unique_ptr<Thread> thread_;
  int core_ = -1;  // where this thread has put itself; run() only
};

}  // namespace vmoffer
