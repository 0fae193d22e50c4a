#include "engine/supply/supply_thread.h"

#include <memory>

#include "engine/base/mutex.h"
#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

struct Started {
  Mutex mutex;
  // Never destroyed: its thread runs until the process ends.
  EventLoop* loop VMO_GUARDED_BY(mutex) = nullptr;
};

}  // namespace

Result<EventLoop*> supply_loop() {
  static Started& started = *new Started;
  const MutexLock lock(started.mutex);
  if (started.loop != nullptr) return started.loop;
  Result<std::unique_ptr<EventLoop>> loop = EventLoop::create();
  if (!loop.is_ok()) return loop.status();
  Result<Thread> thread = Thread::start("vmo-supply", [running = loop.value().get()] { running->run(); });
  if (!thread.is_ok()) return thread.status();
  thread.value().detach();
  started.loop = loop.take().release();
  return started.loop;
}

}  // namespace vmoffer
