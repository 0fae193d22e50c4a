// Mutex, MutexLock and Condition: those of the C++ library, annotated for clang's thread-safety analysis.
// VMO_GUARDED_BY(mutex) marks data that a thread may touch only while it holds the mutex, and VMO_REQUIRES(mutex) a
// function that it may call only while it holds the mutex. `npm run lint:tidy` reports code that breaks this. Any
// thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define VMO_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define VMO_THREAD_SAFETY(attribute)
#endif

#define VMO_CAPABILITY(name) VMO_THREAD_SAFETY(capability(name))
#define VMO_SCOPED_CAPABILITY VMO_THREAD_SAFETY(scoped_lockable)
#define VMO_GUARDED_BY(mutex) VMO_THREAD_SAFETY(guarded_by(mutex))
#define VMO_REQUIRES(...) VMO_THREAD_SAFETY(requires_capability(__VA_ARGS__))
#define VMO_EXCLUDES(...) VMO_THREAD_SAFETY(locks_excluded(__VA_ARGS__))
#define VMO_ACQUIRE(...) VMO_THREAD_SAFETY(acquire_capability(__VA_ARGS__))
#define VMO_TRY_ACQUIRE(...) VMO_THREAD_SAFETY(try_acquire_capability(__VA_ARGS__))
#define VMO_RETURN_CAPABILITY(mutex) VMO_THREAD_SAFETY(lock_returned(mutex))
#define VMO_RELEASE(...) VMO_THREAD_SAFETY(release_capability(__VA_ARGS__))
// For code that the analysis cannot follow. A comment beside each use says why.
#define VMO_NOT_ANALYZED VMO_THREAD_SAFETY(no_thread_safety_analysis)

namespace vmoffer {

class VMO_CAPABILITY("mutex") Mutex {
 public:
  constexpr Mutex() = default;
  void lock() VMO_ACQUIRE() { mutex_.lock(); }
  bool try_lock() VMO_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  void unlock() VMO_RELEASE() { mutex_.unlock(); }

  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

 private:
  friend class Condition;
  std::mutex mutex_;
};

class VMO_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) VMO_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() VMO_RELEASE() { mutex_.unlock(); }

  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// The waiting thread holds the mutex. The wait gives the mutex up, and takes it back before it returns.
class Condition {
 public:
  Condition() = default;
  void wait(Mutex& mutex) VMO_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false if the time comes first.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point when) VMO_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool is_in_time = condition_.wait_until(lock, when) == std::cv_status::no_timeout;
    lock.release();
    return is_in_time;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

 private:
  std::condition_variable condition_;
};

}  // namespace vmoffer
