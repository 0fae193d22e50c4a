#include "engine/pager/fault_thread.h"

#include <chrono>
#include <vector>

#include "engine/base/checkpoint.h"
#include "engine/pager/placement.h"
#include "engine/sys/thread.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {
namespace {

using Clock = std::chrono::steady_clock;

// Longer than programs compute between two pages that they go through. Moving takes a hundredth of it.
constexpr std::chrono::milliseconds kPause{2};

class FaultThread {
 public:
  explicit FaultThread(Pager& pager) : pager_(pager), all_cores_(allowed_cores()), placement_(all_cores_) {}

  void run() {
    std::vector<Fault> faults;
    auto answered = Clock::now();
    while (pager_.userfault().wait_for_faults(faults)) {
      if (Clock::now() - answered > kPause) placement_.after_pause();
      checkpoint("pager.fault");
      for (const Fault& fault : faults) pager_.handle(fault);
      // After the answers, because moving takes longer than answering. The next fault profits all the same.
      for (const Fault& fault : faults) go_to(placement_.after_fault(cores_.core_of(fault.thread_id)));
      answered = Clock::now();
    }
  }

 private:
  void go_to(int core) {
    if (core == here_) return;
    const bool is_there = core == Placement::kAnywhere ? keep_this_thread_on(all_cores_) : keep_this_thread_on({core});
    if (!is_there && core != Placement::kAnywhere) return placement_.refuse(core);
    here_ = core;
  }

  Pager& pager_;
  const std::vector<int> all_cores_;
  Placement placement_;
  ThreadCores cores_;
  int here_ = Placement::kAnywhere;
};

}  // namespace

Status start_fault_thread(Pager& pager) {
  const Result<Thread> thread = Thread::start("vmo-pager", [&pager] { FaultThread(pager).run(); });
  return thread.is_ok() ? Status() : thread.status();
}

}  // namespace vmoffer
