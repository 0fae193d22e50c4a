// Aside: a thread beside an event loop, for work that takes long. Loop thread only.
#pragma once

#include <functional>
#include <memory>

#include "engine/sys/event_loop.h"
#include "engine/sys/thread.h"

namespace vmoffer {

class Aside {
 public:
  // Borrows the loop, which outlives it. `rests` names the checkpoint that its thread passes after each piece of work.
  Aside(EventLoop& loop, const char* thread_name, const char* rests)
      : loop_(loop), thread_name_(thread_name), rests_(rests) {}
  // Waits until the work under way is finished.
  ~Aside();

  // Starts the thread on first use. False if it cannot be started.
  bool has_started();
  // Runs `work` on the thread, and then `then` on the loop. Pieces of work run one after the other. REQUIRES:
  // has_started().
  void run(std::function<void()> work, std::function<void()> then);

  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

 private:
  EventLoop& loop_;
  const char* const thread_name_;
  const char* const rests_;
  std::unique_ptr<EventLoop> tasks_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace vmoffer
