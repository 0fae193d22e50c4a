#include "engine/transfer/aside.h"

#include <utility>

#include "engine/base/checkpoint.h"

namespace vmoffer {

Aside::~Aside() {
  if (thread_ == nullptr) return;
  tasks_->stop();
  thread_->join();
}

bool Aside::has_started() {
  if (thread_ != nullptr) return true;
  Result<std::unique_ptr<EventLoop>> tasks = EventLoop::create();
  if (!tasks.is_ok()) return false;
  Result<Thread> thread = Thread::start(thread_name_, [raw = tasks.value().get()] { raw->run(); });
  if (!thread.is_ok()) return false;
  tasks_ = tasks.take();
  thread_ = std::make_unique<Thread>(thread.take());
  return true;
}

void Aside::run(std::function<void()> work, std::function<void()> then) {
  tasks_->post([this, work = std::move(work), then = std::move(then)]() mutable {
    work();
    work = nullptr;  // destroys what it holds before `then` runs
    loop_.post(std::move(then));
    checkpoint(rests_);
  });
}

}  // namespace vmoffer
