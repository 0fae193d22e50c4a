#include "native/thread_bell_watch.h"

#include <atomic>
#include <utility>

#include "engine/base/mutex.h"
#include "engine/sys/bell.h"
#include "engine/sys/event_loop.h"
#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

std::unique_ptr<EventLoop> start_loop() {
  Result<std::unique_ptr<EventLoop>> created = EventLoop::create();
  if (!created.is_ok()) return nullptr;
  std::unique_ptr<EventLoop> loop = created.take();
  const Result<Thread> thread = Thread::start("vmo-bell", [raw = loop.get()] { raw->run(); });
  return thread.is_ok() ? std::move(loop) : nullptr;
}

// The loop of the thread that polls all bells of the process until the process ends. Null while it cannot be started.
EventLoop* bell_loop() {
  static Mutex mutex;
  static EventLoop* running VMO_GUARDED_BY(mutex) = nullptr;
  const MutexLock lock(mutex);
  if (running == nullptr) running = start_loop().release();
  return running;
}

}  // namespace

// One bell, shared by the thread that polls it and the JavaScript thread that listens.
class HeardBell : public EventHandler, public std::enable_shared_from_this<HeardBell> {
 public:
  HeardBell(EventLoop& loop, Bell bell, std::shared_ptr<JsNotifier> notifier, BellListener& listener)
      : loop_(loop), bell_(std::move(bell)), notifier_(std::move(notifier)), listener_(&listener) {}

  int fd() const { return bell_.fd(); }

  // JavaScript thread only.
  void begin() {
    loop_.post([self = shared_from_this()] { self->add(); });
  }
  // From now on nothing is told. JavaScript thread only.
  BellListener* forget_listener() { return std::exchange(listener_, nullptr); }
  void end() {
    loop_.post([self = shared_from_this()] { self->loop_.remove(self->token_); });
  }

  void on_readable() override;

 private:
  void add();
  void tell_of_ring();
  void tell_of_hang_up();

  EventLoop& loop_;
  const Bell bell_;
  const std::shared_ptr<JsNotifier> notifier_;
  BellListener* listener_;      // JavaScript thread only
  EventLoop::Token token_ = 0;  // the loop's thread only
  std::atomic<bool> is_ring_on_its_way_ = false;
};

void HeardBell::add() {
  Result<EventLoop::Token> token = loop_.add(fd(), shared_from_this());
  if (!token.is_ok()) return tell_of_hang_up();
  token_ = token.value();
}

void HeardBell::on_readable() {
  const Heard heard = hear_bell(fd());
  if (heard == Heard::kRing) tell_of_ring();
  if (heard != Heard::kHangUp) return;
  loop_.remove(token_);
  tell_of_hang_up();
}

// Even a peer that rings all the time has at most one task in the environment's queue.
void HeardBell::tell_of_ring() {
  if (is_ring_on_its_way_.exchange(true)) return;
  notifier_->post([self = shared_from_this()](Napi::Env) {
    self->is_ring_on_its_way_ = false;
    if (self->listener_ != nullptr) self->listener_->on_ring();
  });
}

void HeardBell::tell_of_hang_up() {
  notifier_->post([self = shared_from_this()](Napi::Env) {
    if (self->listener_ != nullptr) self->listener_->on_hang_up();
  });
}

ThreadBellWatch* ThreadBellWatch::start(Environment& environment, Bell bell, BellListener& listener) {
  EventLoop* loop = bell_loop();
  if (loop == nullptr) return nullptr;
  auto heard = std::make_shared<HeardBell>(*loop, std::move(bell), environment.notifier(), listener);
  heard->begin();
  return new ThreadBellWatch(environment, std::move(heard));
}

ThreadBellWatch::ThreadBellWatch(Environment& environment, std::shared_ptr<HeardBell> bell)
    : environment_(environment), bell_(std::move(bell)) {
  environment_.add(end_);
}

int ThreadBellWatch::fd() const { return bell_->fd(); }

void ThreadBellWatch::keep_alive(bool alive) { environment_.notifier()->keep_alive(alive); }

void ThreadBellWatch::close() {
  environment_.remove(end_);
  bell_->forget_listener();
  bell_->end();
  delete this;
}

void ThreadBellWatch::End::close() {
  BellListener* listener = watch.bell_->forget_listener();
  watch.close();
  if (listener != nullptr) listener->on_gone();
}

}  // namespace vmoffer
