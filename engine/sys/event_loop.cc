#include "engine/sys/event_loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "engine/sys/call.h"
#include "engine/sys/thread_cpu.h"

namespace vmoffer {
namespace {

constexpr EventLoop::Token kWakeupToken = 0;

thread_local const EventLoop* running_here = nullptr;

int change(int epoll, int operation, int fd, uint32_t events, EventLoop::Token token) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = token;
  return ::epoll_ctl(epoll, operation, fd, &event);
}

}  // namespace

struct EventLoop::Events {
  int take(int epoll, int time_ms) { return ::epoll_wait(epoll, all.data(), static_cast<int>(all.size()), time_ms); }
  bool has_others_word(int count) const {
    return std::any_of(all.begin(), all.begin() + std::max(count, 0),
                       [](const epoll_event& event) { return event.data.u64 != kWakeupToken; });
  }

  std::array<epoll_event, 64> all;
};

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return os_error(errno, "epoll_create1", "could not make an event loop");
  Result<Wakeup> wakeup = Wakeup::open();
  if (!wakeup.is_ok()) return wakeup.status();
  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), wakeup.take()));
  Status status = loop->watch_wakeup();
  if (!status.is_ok()) return status;
  return loop;
}

Status EventLoop::watch_wakeup() {
  if (change(epoll_.get(), EPOLL_CTL_ADD, wakeup_.fd(), EPOLLIN, kWakeupToken) == 0) return Status();
  return os_error(errno, "epoll_ctl", "could not watch a wake-up descriptor");
}

Result<EventLoop::Token> EventLoop::add(int fd, std::shared_ptr<EventHandler> handler) {
  const Token token = next_token_++;
  if (change(epoll_.get(), EPOLL_CTL_ADD, fd, EPOLLIN, token) != 0) {
    return os_error(errno, "epoll_ctl", "could not watch a descriptor");
  }
  sources_.emplace(token, Source{fd, EPOLLIN, std::move(handler)});
  return token;
}

void EventLoop::update(Token token, uint32_t event, bool wanted) {
  const auto found = sources_.find(token);
  if (found == sources_.end()) return;
  Source& source = found->second;
  const uint32_t events = wanted ? source.events | event : source.events & ~event;
  if (events == source.events) return;
  source.events = events;
  change(epoll_.get(), EPOLL_CTL_MOD, source.fd, events, token);
}

void EventLoop::want_writable(Token token, bool wanted) { update(token, EPOLLOUT, wanted); }
void EventLoop::want_readable(Token token, bool wanted) { update(token, EPOLLIN, wanted); }

void EventLoop::remove(Token token) {
  const auto found = sources_.find(token);
  if (found == sources_.end()) return;
  change(epoll_.get(), EPOLL_CTL_DEL, found->second.fd, 0, token);
  sources_.erase(found);
}

EventLoop::Token EventLoop::call_at(Clock::time_point when, std::function<void()> function) {
  const Token token = next_token_++;
  calls_.emplace(std::make_pair(when, token), std::move(function));
  call_times_.emplace(token, when);
  return token;
}

void EventLoop::cancel_call(Token token) {
  const auto found = call_times_.find(token);
  if (found == call_times_.end()) return;
  calls_.erase({found->second, token});
  call_times_.erase(found);
}

void EventLoop::post(std::function<void()> task) {
  bool was_idle;
  {
    const MutexLock lock(mutex_);
    was_idle = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (running_here == this) {
    has_own_tasks_ = true;
  } else if (was_idle) {
    wakeup_.signal();
  }
}

void EventLoop::stop() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  wakeup_.signal();
}

int EventLoop::wait_time_ms() const {
  if (has_own_tasks_) return 0;
  if (calls_.empty()) return -1;
  const auto left = calls_.begin()->first.first - Clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(ms, 0, 1 << 30));
}

void EventLoop::dispatch(Token token, uint32_t events) {
  for (const uint32_t event : {uint32_t{EPOLLOUT}, uint32_t{EPOLLIN | EPOLLHUP | EPOLLERR}}) {
    const auto found = sources_.find(token);  // looked up again: the last call may have removed it
    if (found == sources_.end() || (events & event) == 0) continue;
    const std::shared_ptr<EventHandler> handler = found->second.handler;
    if (event == EPOLLOUT) {
      handler->on_writable();
    } else {
      handler->on_readable();
    }
  }
}

void EventLoop::run_tasks() {
  std::vector<std::function<void()>> tasks;
  has_own_tasks_ = false;
  {
    const MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void EventLoop::run_due_calls() {
  const auto now = Clock::now();
  while (!calls_.empty() && calls_.begin()->first.first <= now) {
    auto entry = calls_.extract(calls_.begin());
    call_times_.erase(entry.key().second);
    entry.mapped()();
  }
}

// A wait goes on through what this process's own threads post: nobody is to look because of that.
void EventLoop::begin_wait() {
  LookBudget* const budget = expected_ > 0 ? &budget_when_expecting_ : &budget_otherwise_;
  if (waiting_ == budget && budget->is_waiting()) return;
  if (waiting_ != nullptr) waiting_->forget();
  waiting_ = budget;
  budget->begin(Clock::now(), may_look(*budget));
}

int EventLoop::look(Events& events) {
  int count = 0;
  while (count == 0 && goes_on_looking(*waiting_)) count = events.take(epoll_.get(), 0);
  return count;
}

int EventLoop::wait(Events& events) {
  const int time_ms = wait_time_ms();
  if (!may_look_) return events.take(epoll_.get(), time_ms);
  int count = 0;
  if (time_ms != 0) {
    begin_wait();
    count = look(events);
  }
  if (count == 0) count = events.take(epoll_.get(), time_ms);
  if (waiting_ != nullptr && waiting_->is_waiting() && events.has_others_word(count)) end_wait();
  return count;
}

void EventLoop::end_wait() {
  waiting_->end(Clock::now());
  if (waiting_->is_core_to_be_left()) leave_core();
}

void EventLoop::run() {
  Events events;
  running_here = this;
  for (;;) {
    const int count = wait(events);
    for (int i = 0; i < count; ++i) {
      const Token token = events.all[i].data.u64;
      if (token == kWakeupToken) {
        wakeup_.clear();
      } else {
        dispatch(token, events.all[i].events);
      }
    }
    run_tasks();
    run_due_calls();
    const MutexLock lock(mutex_);
    if (is_stopping_) return;
  }
}

}  // namespace vmoffer
