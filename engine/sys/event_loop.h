// EventLoop: one thread that waits for descriptors, deadlines and tasks.
//
// Any thread may call post() and stop(). Everything else belongs to the thread in run(), or to the caller before run()
// begins. Handlers are shared, so that a handler can remove itself while it is being called.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/look_budget.h"
#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/sys/processors.h"
#include "engine/sys/unique_fd.h"
#include "engine/sys/wakeup.h"

namespace vmoffer {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual void on_readable() = 0;
  virtual void on_writable() {}
};

class EventLoop {
 public:
  using Token = uint64_t;  // 0 is none

  static Result<std::unique_ptr<EventLoop>> create();

  // Borrows fd until remove(). A descriptor whose other end has hung up counts as readable.
  Result<Token> add(int fd, std::shared_ptr<EventHandler> handler);
  void want_writable(Token token, bool wanted);
  void want_readable(Token token, bool wanted);
  void remove(Token token);

  Token call_at(Clock::time_point when, std::function<void()> function);
  void cancel_call(Token token);

  // Before run(). From then on it looks for a while before it sleeps, where that has paid. What this process's own
  // threads post is nobody's wait.
  void look_before_sleeping() { may_look_ = true; }
  // Another process's next word is expected soon, or no longer. As many as say so.
  void expect_soon() { ++expected_; }
  void expect_no_more() { --expected_; }

  // From the loop's own thread, too: then the task runs in this turn or the next.
  void post(std::function<void()> task);
  void run();
  void stop();

  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

 private:
  struct Events;
  struct Source {
    int fd;
    uint32_t events;
    std::shared_ptr<EventHandler> handler;
  };

  EventLoop(UniqueFd epoll, Wakeup wakeup) : epoll_(std::move(epoll)), wakeup_(std::move(wakeup)) {}
  Status watch_wakeup();
  void update(Token token, uint32_t event, bool wanted);
  int wait_time_ms() const;
  int wait(Events& events);
  void begin_wait();
  void end_wait();
  int look(Events& events);
  void dispatch(Token token, uint32_t events);
  void run_tasks();
  void run_due_calls();

  UniqueFd epoll_;
  Wakeup wakeup_;
  Token next_token_ = 1;
  std::unordered_map<Token, Source> sources_;
  std::map<std::pair<Clock::time_point, Token>, std::function<void()>> calls_;
  std::unordered_map<Token, Clock::time_point> call_times_;

  bool has_own_tasks_ = false;  // posted by the loop's thread, which needs no signal
  bool may_look_ = false;
  size_t expected_ = 0;
  LookBudget budget_when_expecting_ = new_look_budget();
  LookBudget budget_otherwise_ = new_look_budget();
  LookBudget* waiting_ = nullptr;  // of the wait that is on; it lasts until another process is heard

  Mutex mutex_;
  std::vector<std::function<void()>> tasks_ VMO_GUARDED_BY(mutex_);
  bool is_stopping_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
