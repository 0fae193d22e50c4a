// PageRequest: pages that a source has been asked for and that come later: a range of the region's bytes, a deadline,
// and one end. Any thread may call any method.
//
//     pending ──done(n)──▶ done          the first n bytes are in the source now: it can install them
//             ──failed()─▶ failed        nobody has them
//             ──expire()─▶ failed        the deadline has come first
//             ──cancel()─▶ cancelled     nobody wants them any more
//
// The first end counts, and those that come after it do nothing. Whoever brings the pages keeps a clock, and calls
// expire(): the one who asked has no thread that waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/mutex.h"
#include "engine/base/status.h"

namespace vmoffer {

class PageRequest {
 public:
  using Clock = std::chrono::steady_clock;
  enum class State : uint8_t { kPending, kDone, kFailed, kCancelled };

  // Who asked. It is told of done and failed, once, by the thread that has brought that about, which holds no lock.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_over(const PageRequest& request) = 0;
  };

  // `when_cancelled` is called once at most, by the thread that cancels, which holds no lock.
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
  // How many bytes have come; 0 unless it is done.
  uint64_t bytes_done() const;
  // Why it has failed; ok unless it has.
  Status failure() const;

  // Of who brings the pages. Done with nothing is a failure: it would be asked for again and again.
  void done(uint64_t byte_length);
  void failed(Status why);
  // Fails it when its time has come; false while there is time left.
  bool expire(Clock::time_point now);

  // Of who asked. False, and nobody is told, when it is over already. Called once; may be called with a lock that the
  // listener takes.
  bool wait_by(std::weak_ptr<Listener> listener);
  void cancel();

  PageRequest(const PageRequest&) = delete;
  PageRequest& operator=(const PageRequest&) = delete;

 private:
  void end(State state, uint64_t bytes_done, Status failure);

  const uint64_t byte_offset_;
  const uint64_t byte_length_;
  const Clock::time_point deadline_;
  mutable Mutex mutex_;  // a leaf
  State state_ VMO_GUARDED_BY(mutex_) = State::kPending;
  uint64_t bytes_done_ VMO_GUARDED_BY(mutex_) = 0;
  Status failure_ VMO_GUARDED_BY(mutex_);
  std::weak_ptr<Listener> listener_ VMO_GUARDED_BY(mutex_);
  std::function<void()> when_cancelled_ VMO_GUARDED_BY(mutex_);
};

}  // namespace vmoffer
