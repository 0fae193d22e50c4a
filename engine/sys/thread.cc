#include "engine/sys/thread.h"

#include <sched.h>
#include <signal.h>

#include <memory>

#include "engine/sys/call.h"

namespace vmoffer {
namespace {

struct Beginning {
  const char* name;
  std::function<void()> body;
};

void* run(void* argument) {
  const std::unique_ptr<Beginning> beginning(static_cast<Beginning*>(argument));
  pthread_setname_np(pthread_self(), beginning->name);
  beginning->body();
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(const char* name, std::function<void()> body) {
  // The new thread inherits the mask, so it never takes a signal.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto beginning = std::make_unique<Beginning>(Beginning{name, std::move(body)});
  pthread_t id;
  const int refused = pthread_create(&id, nullptr, run, beginning.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (refused != 0) return os_error(refused, "pthread_create", "could not start a thread", Code::kTooMany);
  [[maybe_unused]] Beginning* passed_on = beginning.release();
  return Thread(id);
}

bool Thread::keep_on(int core) const {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  return ::pthread_setaffinity_np(id_, sizeof set, &set) == 0;
}

}  // namespace vmoffer
