// UvBellWatch: the event loop polls the bell. After close() the watch lives until the loop has closed its handle. An
// environment that ends waits for that.
#pragma once

#include <napi.h>
#include <uv.h>

#include "engine/sys/bell.h"
#include "native/bell_watch.h"
#include "native/node_functions.h"

namespace vmoffer {

class UvBellWatch : public BellWatch {
 public:
  static UvBellWatch* start(const NodeFunctions& node, napi_env env, Bell bell, BellListener& listener);

  int fd() const override { return bell_.fd(); }
  void keep_alive(bool alive) override;
  void close() override;

  UvBellWatch(const UvBellWatch&) = delete;
  UvBellWatch& operator=(const UvBellWatch&) = delete;

 private:
  UvBellWatch(const NodeFunctions& node, napi_env env, Bell bell, BellListener& listener)
      : node_(node), context_(env, "vmoffer:bell"), bell_(std::move(bell)), listener_(&listener) {}
  static void on_readable(uv_poll_t* poll, int status, int events);
  static void on_environment_end(napi_async_cleanup_hook_handle hook, void* self);
  static void on_closed(uv_handle_t* handle);

  const NodeFunctions& node_;
  const Napi::AsyncContext context_;
  uv_poll_t poll_ = {};
  Bell bell_;
  BellListener* listener_;  // null from close() on
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace vmoffer
