// ExpendablePool: threads for work that a stranger may hold up for as long as he likes. They start when they are needed
// and end when there is nothing to do. One that is held up is lost until the stranger lets go, and delays nobody else.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

#include "engine/base/mutex.h"

namespace vmoffer {

// Lives for ever, because a lost thread may come back at any time. Any thread.
class ExpendablePool {
 public:
  using Job = std::function<void()>;

  // `name` is that of the threads, and lives for ever too.
  ExpendablePool(const char* name, size_t most_threads) : name_(name), most_threads_(most_threads) {}
  ExpendablePool(const ExpendablePool&) = delete;
  ExpendablePool& operator=(const ExpendablePool&) = delete;

  // The job waits for a thread if all of them are held up, or none can be started.
  void add(Job job);
  // False, and the job is dropped, when no thread is there for it.
  bool add_if_served(Job job);
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
