// ExpendablePool: threads for work that a stranger may hold up for as long as it likes. They start when they are
// needed, and end when there is nothing to do. A thread that is held up is lost until the stranger gives it up, and
// delays no other.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "engine/base/mutex.h"

namespace vmoffer {

// A pool lives for ever, because a lost thread may come back at any time. Any thread.
class ExpendablePool {
 public:
  using Job = std::function<void()>;

  // `name` is the name of the threads, a string literal.
  ExpendablePool(const char* name, size_t most_threads) : name_(name), most_threads_(most_threads) {}
  ExpendablePool(const ExpendablePool&) = delete;
  ExpendablePool& operator=(const ExpendablePool&) = delete;

  // The job waits for a thread if all of them are held up, or none can be started.
  void add(Job job);
  // False, and the job is dropped, if there is no thread for it.
  bool add_if_served(Job job);
  // The job waits for its turn. False, and the job is dropped, if no thread can be started.
  bool add_if_started(Job job);
  // How many jobs wait for a thread.
  size_t waiting();

 private:
  bool is_served() VMO_REQUIRES(mutex_);
  void enqueue(Job job) VMO_REQUIRES(mutex_);
  bool start_thread() VMO_REQUIRES(mutex_);
  void run();
  Job await_one();

  const char* const name_;
  const size_t most_threads_;
  Mutex mutex_;
  Condition is_needed_;
  std::deque<Job> waiting_ VMO_GUARDED_BY(mutex_);
  size_t idle_ VMO_GUARDED_BY(mutex_) = 0;
  size_t threads_ VMO_GUARDED_BY(mutex_) = 0;
};

}  // namespace vmoffer
