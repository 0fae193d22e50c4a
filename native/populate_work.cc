#include "native/populate_work.h"

#include "native/errors.h"
#include "native/js_notifier.h"

namespace vmoffer {

PopulateWork::PopulateWork(const Napi::Function& done, std::shared_ptr<Region> region, ByteRange range)
    : Napi::AsyncWorker(done, "vmoffer:prefetch"), region_(std::move(region)), range_(range) {}

void PopulateWork::queue(const Napi::Function& done, std::shared_ptr<Region> region, ByteRange range) {
  if (done.IsEmpty()) return;  // the JavaScript worker is being terminated
  // The worker deletes itself when it is done.
  auto* work = new PopulateWork(done, std::move(region), range);
  work->Queue();
}

void PopulateWork::Execute() { status_ = region_->prefetch(range_.offset, range_.length); }

void PopulateWork::OnOK() {
  const Napi::Value error = status_.is_ok() ? Env().Null() : to_error(Env(), status_);
  call_back(Env(), Callback().Value(), {error});
}

}  // namespace vmoffer
