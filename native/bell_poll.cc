#include "native/bell_poll.h"

#include "engine/sys/bell.h"

namespace vmoffer {

BellPoll* BellPoll::start(napi_env env, UniqueFd bell, BellListener& listener) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
  auto* self = new BellPoll(std::move(bell), listener);
  if (uv_poll_init(loop, &self->poll_, self->bell_.get()) != 0) {
    delete self;
    return nullptr;
  }
  self->poll_.data = self;
  uv_unref(reinterpret_cast<uv_handle_t*>(&self->poll_));
  uv_poll_start(&self->poll_, UV_READABLE, on_readable);
  napi_add_async_cleanup_hook(env, on_environment_end, self, &self->hook_);
  return self;
}

void BellPoll::keep_alive(bool alive) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  alive ? uv_ref(handle) : uv_unref(handle);
}

void BellPoll::close() {
  if (listener_ == nullptr) return;
  listener_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), on_closed);
  bell_.reset();
}

void BellPoll::on_closed(uv_handle_t* handle) {
  auto* self = static_cast<BellPoll*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

void BellPoll::on_environment_end(napi_async_cleanup_hook_handle, void* data) {
  auto* self = static_cast<BellPoll*>(data);
  BellListener* listener = self->listener_;
  self->close();
  if (listener != nullptr) listener->on_gone();
}

void BellPoll::on_readable(uv_poll_t* poll, int status, int) {
  auto* self = static_cast<BellPoll*>(poll->data);
  const Heard heard = status < 0 ? Heard::kHangUp : hear_bell(self->bell_.get());
  if (heard == Heard::kNothing) return;
  if (heard == Heard::kRing) return self->listener_->on_ring();
  uv_poll_stop(poll);
  self->listener_->on_hang_up();
}

}  // namespace vmoffer
