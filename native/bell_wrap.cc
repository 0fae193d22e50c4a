#include "native/bell_wrap.h"

#include "engine/sys/bell.h"
#include "native/arguments.h"
#include "native/environment.h"

namespace vmoffer {

void BellWrap::define(Napi::Env env) {
  Environment::of(env).bell_class =
      Napi::Persistent(DefineClass(env, "NativeBell",
                                   {
                                       InstanceMethod<&BellWrap::ring>("ring"),
                                       InstanceMethod<&BellWrap::has_hung_up>("hasHungUp"),
                                       InstanceMethod<&BellWrap::keep_alive>("keepAlive"),
                                       InstanceMethod<&BellWrap::close>("close"),
                                   }));
}

Napi::Object BellWrap::of_bell(Napi::Env env, UniqueFd bell) {
  const Napi::Object object = Environment::of(env).bell_class.New({});
  BellWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return {};
  wrap->poll_ = BellPoll::start(env, std::move(bell), *wrap);
  return wrap->Value();
}

BellWrap::~BellWrap() {
  if (poll_ != nullptr) poll_->close();
}

// The function is a property, so that the collector sees who holds whom.
void BellWrap::tell(bool has_hung_up) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const Napi::Object self = Value();
  const Napi::Value on_ring = self.Get("onRing");
  if (on_ring.IsEmpty() || !on_ring.IsFunction()) return;
  const napi_value argument = Napi::Boolean::New(env, has_hung_up);
  napi_make_callback(env, nullptr, self, on_ring, 1, &argument, nullptr);
  if (!env.IsExceptionPending()) return;  // nor when a worker is being terminated
  napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

// A bell that is closed, or that the event loop would not have, is as good as one whose other end is gone.
Napi::Value BellWrap::ring(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), poll_ != nullptr && ring_bell(poll_->fd()));
}

Napi::Value BellWrap::has_hung_up(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), poll_ == nullptr || vmoffer::has_hung_up(poll_->fd()));
}

void BellWrap::keep_alive(const Napi::CallbackInfo& info) {
  const bool alive = boolean_argument(info, 0);
  if (poll_ == nullptr || alive == is_waited_for_) return;
  is_waited_for_ = alive;
  poll_->keep_alive(alive);
  alive ? Ref() : Unref();
}

void BellWrap::close(const Napi::CallbackInfo&) {
  if (poll_ == nullptr) return;
  poll_->close();
  poll_ = nullptr;
  if (std::exchange(is_waited_for_, false)) Unref();
}

}  // namespace vmoffer
