#include "native/uv_bell_watch.h"

#include "engine/sys/bell.h"

namespace vmoffer {

UvBellWatch* UvBellWatch::start(const NodeFunctions& node, napi_env env, Bell bell, BellListener& listener) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* self = new UvBellWatch(node, env, std::move(bell), listener);
  if (node.poll_init(loop, &self->poll_, self->bell_.fd()) != 0) {
    delete self;
    return nullptr;
  }
  self->poll_.data = self;
  node.unref(reinterpret_cast<uv_handle_t*>(&self->poll_));
  node.poll_start(&self->poll_, UV_READABLE, on_readable);
  napi_add_async_cleanup_hook(env, on_environment_end, self, &self->hook_);
  return self;
}

void UvBellWatch::keep_alive(bool alive) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  alive ? node_.ref(handle) : node_.unref(handle);
}

void UvBellWatch::close() {
  if (listener_ == nullptr) return;
  listener_ = nullptr;
  node_.close(reinterpret_cast<uv_handle_t*>(&poll_), on_closed);
  bell_.close();
}

void UvBellWatch::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<UvBellWatch*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

void UvBellWatch::on_environment_end(napi_async_cleanup_hook_handle, void* data) {
  auto* self = static_cast<UvBellWatch*>(data);
  BellListener* listener = self->listener_;
  self->close();
  if (listener != nullptr) listener->on_gone();
}

void UvBellWatch::on_readable(uv_poll_t* poll, int status, int) {
  auto* self = static_cast<UvBellWatch*>(poll->data);
  const Heard heard = status < 0 ? Heard::kHangUp : hear_bell(self->bell_.fd());
  if (heard == Heard::kNothing) return;
  const Napi::HandleScope handles(self->context_.Env());
  const Napi::CallbackScope scope(self->context_.Env(), self->context_);
  if (heard == Heard::kRing) return self->listener_->on_ring();
  self->node_.poll_stop(poll);
  self->listener_->on_hang_up();
}

}  // namespace vmoffer
