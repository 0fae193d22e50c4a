#include "engine/pager/fault_thread.h"

#include <vector>

#include "engine/base/checkpoint.h"
#include "engine/pager/placement.h"
#include "engine/sys/thread.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {
namespace {

class FaultThread {
 public:
  // On the thread itself.
  explicit FaultThread(Pager& pager) : pager_(pager), seat_(take_seat_of(pager)), placement_(seat_.cores()) {}

  void run() {
    std::vector<Fault> faults;
    while (pager_.userfault().wait_for_faults(faults)) {
      if (seat_.is_at_rest()) placement_.after_pause();
      checkpoint("pager.fault");
      for (const Fault& fault : faults) pager_.handle(fault);
      // After the answers, because moving takes longer than answering. The next fault profits all the same.
      for (const Fault& fault : faults) go_to(placement_.after_fault(cores_.core_of(fault.thread_id)));
      seat_.has_answered();
    }
  }

 private:
  static PagerSeat& take_seat_of(Pager& pager) {
    pager.seat().take();
    return pager.seat();
  }

  void go_to(int core) {
    if (!seat_.go_to(core) && core != Placement::kAnywhere) placement_.refuse(core);
  }

  Pager& pager_;
  PagerSeat& seat_;
  Placement placement_;
  ThreadCores cores_;
};

}  // namespace

Status start_fault_thread(Pager& pager) {
  const Result<Thread> thread = Thread::start("vmo-pager", [&pager] { FaultThread(pager).run(); });
  return thread.is_ok() ? Status() : thread.status();
}

}  // namespace vmoffer
