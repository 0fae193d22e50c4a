#include "engine/sys/expendable_pool.h"

#include <chrono>
#include <utility>

#include "engine/sys/thread.h"

namespace vmoffer {
namespace {

// Such work comes rarely, and then often several pieces at once.
constexpr std::chrono::seconds kIdleTime{1};

}  // namespace

void ExpendablePool::add(Job job) {
  const MutexLock lock(mutex_);
  is_served();
  enqueue(std::move(job));
}

bool ExpendablePool::add_if_served(Job job) {
  const MutexLock lock(mutex_);
  if (!is_served()) return false;
  enqueue(std::move(job));
  return true;
}

bool ExpendablePool::add_if_started(Job job) {
  const MutexLock lock(mutex_);
  if (!is_served() && threads_ == 0) return false;
  enqueue(std::move(job));
  return true;
}

size_t ExpendablePool::waiting() {
  const MutexLock lock(mutex_);
  return waiting_.size();
}

// Starts a thread if one is missing.
bool ExpendablePool::is_served() { return idle_ > waiting_.size() || (threads_ < most_threads_ && start_thread()); }

void ExpendablePool::enqueue(Job job) {
  waiting_.push_back(std::move(job));
  is_needed_.notify_one();
}

bool ExpendablePool::start_thread() {
  Result<Thread> thread = Thread::start(name_, [this] { run(); });
  if (!thread.is_ok()) return false;
  thread.value().detach();
  ++threads_;
  return true;
}

// What a job holds is let go of before the next one is waited for.
void ExpendablePool::run() {
  while (const Job job = await_one()) job();
}

// An empty job if none has come for a while: then the thread is no longer counted.
ExpendablePool::Job ExpendablePool::await_one() {
  const auto enough = std::chrono::steady_clock::now() + kIdleTime;
  const MutexLock lock(mutex_);
  ++idle_;
  while (waiting_.empty() && is_needed_.wait_until(mutex_, enough)) continue;
  --idle_;
  if (waiting_.empty()) {
    --threads_;
    return nullptr;
  }
  Job job = std::move(waiting_.front());
  waiting_.pop_front();
  return job;
}

}  // namespace vmoffer
