// Thread: a native thread of the library, with a name and with every signal blocked, so that no signal handler of the
// program ever runs on it. Move only. Its owner joins it, detaches it, or leaks it on purpose if the thread lives as
// long as the process.
#pragma once

#include <pthread.h>

#include <functional>

#include "engine/base/status.h"

namespace vmoffer {

class Thread {
 public:
  // `name` is a literal of at most 15 characters (the kernel's limit).
  static Result<Thread> start(const char* name, std::function<void()> body);

  // A hint: false if the kernel or the container refuses it, and then nothing has changed.
  bool keep_on(int core) const;

  // Waits for the thread's end. REQUIRES: called once, by another thread.
  void join() { pthread_join(id_, nullptr); }
  // For a thread that ends by itself, and for whose end nobody waits. REQUIRES: join() is not called.
  void detach() { pthread_detach(id_); }

 private:
  explicit Thread(pthread_t id) : id_(id) {}
  pthread_t id_;
};

}  // namespace vmoffer
