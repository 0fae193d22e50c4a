#include "engine/pager/page_request.h"

#include <algorithm>
#include <utility>

namespace vmoffer {

PageRequest::State PageRequest::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

uint64_t PageRequest::bytes_done() const {
  const MutexLock lock(mutex_);
  return bytes_done_;
}

Status PageRequest::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

void PageRequest::done(uint64_t byte_length) {
  if (byte_length == 0) return failed(Status(Code::kProtocol, "a request for pages was done with none"));
  end(State::kDone, std::min(byte_length, byte_length_), Status());
}

void PageRequest::failed(Status why) { end(State::kFailed, 0, std::move(why)); }

bool PageRequest::expire(Clock::time_point now) {
  if (now < deadline_) return false;
  failed(Status(Code::kTimeout, "the pages did not come in time"));
  return true;
}

bool PageRequest::wait_by(std::weak_ptr<Listener> listener) {
  const MutexLock lock(mutex_);
  if (state_ != State::kPending) return false;
  listener_ = std::move(listener);
  return true;
}

void PageRequest::end(State state, uint64_t bytes_done, Status failure) {
  std::shared_ptr<Listener> listener;
  {
    const MutexLock lock(mutex_);
    if (state_ != State::kPending) return;
    state_ = state;
    bytes_done_ = bytes_done;
    failure_ = std::move(failure);
    listener = listener_.lock();
  }
  if (listener != nullptr) listener->on_over(*this);
}

void PageRequest::cancel() {
  std::function<void()> tell;
  {
    const MutexLock lock(mutex_);
    if (state_ != State::kPending) return;
    state_ = State::kCancelled;
    tell = std::move(when_cancelled_);
  }
  if (tell) tell();
}

}  // namespace vmoffer
