// BellPoll: has the event loop of one Node environment listen to a bell. It owns itself: after close() it lives until
// the loop has let go of it, and an environment that ends waits for that. JavaScript thread only.
#pragma once

#include <napi.h>
#include <uv.h>

#include "engine/sys/unique_fd.h"

namespace vmoffer {

class BellListener {
 public:
  virtual ~BellListener() = default;
  // Called by the event loop, in no JavaScript. After a hang-up nothing more is heard.
  virtual void on_ring() = 0;
  virtual void on_hang_up() = 0;
  // The environment is ending and has closed the poll.
  virtual void on_gone() = 0;
};

class BellPoll {
 public:
  // Takes ownership of the bell. Borrows the listener until close() or on_gone(). Null when the loop will not have it.
  static BellPoll* start(napi_env env, UniqueFd bell, BellListener& listener);

  int fd() const { return bell_.get(); }
  // While true, the bell keeps the event loop alive.
  void keep_alive(bool alive);
  // Closes the bell. The object is not to be used any more.
  void close();

  BellPoll(const BellPoll&) = delete;
  BellPoll& operator=(const BellPoll&) = delete;

 private:
  BellPoll(UniqueFd bell, BellListener& listener) : bell_(std::move(bell)), listener_(&listener) {}
  static void on_readable(uv_poll_t* poll, int status, int events);
  static void on_environment_end(napi_async_cleanup_hook_handle hook, void* self);
  static void on_closed(uv_handle_t* handle);

  uv_poll_t poll_ = {};
  UniqueFd bell_;
  BellListener* listener_;  // null from close() on
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace vmoffer
