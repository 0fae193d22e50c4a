// PageRequest: pages that a source has been asked for and that come later. A request has a range of the region's bytes,
// a deadline, and one end. Any thread.
//
//     pending ──done(n)──▶ done          the first n bytes are in the source now: it can install them
//             ──failed()─▶ failed        nobody has them
//             ──expire()─▶ failed        the deadline has passed
//             ──cancel()─▶ cancelled     nobody wants them any more
//
// Only the first end counts. The supplier of the pages keeps a clock and calls expire(), because the pager has no
// thread that waits for the request.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"

namespace vmoffer {

class PageRequest {
 public:
  enum class State : uint8_t { kPending, kDone, kFailed, kCancelled };

  // The range that asked. It is told once, of done and of failed, by the thread that ends the request, without a lock.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_over(const PageRequest& request) = 0;
  };

  // Calls `when_cancelled` once at most, on the thread that cancels, without a lock.
  PageRequest(uint64_t byte_offset, uint64_t byte_length, Clock::time_point deadline,
              std::function<void()> when_cancelled = {})
      : byte_offset_(byte_offset),
        byte_length_(byte_length),
        deadline_(deadline),
        when_cancelled_(std::move(when_cancelled)) {}

  uint64_t byte_offset() const { return byte_offset_; }
  uint64_t byte_length() const { return byte_length_; }
  Clock::time_point deadline() const { return deadline_; }
  State state() const;
  // How many bytes have come; 0 unless the request is done.
  uint64_t bytes_done() const;
  // Why the request has failed; ok if it has not.
  Status failure() const;

  // For the supplier. done(0) is a failure: otherwise the pages would be asked for again and again.
  void done(uint64_t byte_length);
  void failed(Status why);
  // Fails the request if its deadline has passed. False while there is time left.
  bool expire(Clock::time_point now);

  // For the range. Sets the listener, once. False if the request is over already; then the listener is not told. May be
  // called with a lock that the listener takes.
  bool wait_by(std::weak_ptr<Listener> listener);
  void cancel();

  PageRequest(const PageRequest&) = delete;
  PageRequest& operator=(const PageRequest&) = delete;

 private:
  void end(State state, uint64_t bytes_done, Status failure);

  const uint64_t byte_offset_;
  const uint64_t byte_length_;
  const Clock::time_point deadline_;
  mutable Mutex mutex_;  // a leaf lock
  State state_ VMO_GUARDED_BY(mutex_) = State::kPending;
  uint64_t bytes_done_ VMO_GUARDED_BY(mutex_) = 0;
  Status failure_ VMO_GUARDED_BY(mutex_);
  std::weak_ptr<Listener> listener_ VMO_GUARDED_BY(mutex_);
  std::function<void()> when_cancelled_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
