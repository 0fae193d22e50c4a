#include "native/bell_wrap.h"

#include "engine/sys/bell.h"
#include "native/arguments.h"
#include "native/environment.h"
#include "native/js_notifier.h"

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

Napi::Object BellWrap::of_bell(Napi::Env env, Bell bell) {
  const Napi::Object object = Environment::of(env).bell_class.New({});
  BellWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return {};
  wrap->watch_ = BellWatch::start(Environment::of(env), std::move(bell), *wrap);
  wrap->collectables_ = Environment::of(env).collectables();
  wrap->collectables_->add(*wrap);
  return wrap->Value();
}

BellWrap::~BellWrap() {
  if (collectables_ != nullptr) collectables_->remove(*this);
  close_watch();
}

bool BellWrap::give_back_if_collected() {
  if (watch_ == nullptr || !Value().IsEmpty()) return false;
  close_watch();
  return true;
}

// The callback is a property of the object and not a native reference, so that the collector sees the cycle.
void BellWrap::tell(bool has_hung_up) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const Napi::Object self = Value();
  if (self.IsEmpty()) return;  // collected, and about to be closed
  const Napi::Value on_ring = self.Get("onRing");
  if (on_ring.IsEmpty() || !on_ring.IsFunction()) return;
  on_ring.As<Napi::Function>().Call(self, {Napi::Boolean::New(env, has_hung_up)});
  report_exception(env);
}

// A bell that is closed, or that the event loop could not watch, counts as one whose other end is gone.
Napi::Value BellWrap::ring(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), watch_ != nullptr && ring_bell(watch_->fd()));
}

Napi::Value BellWrap::has_hung_up(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), watch_ == nullptr || vmoffer::has_hung_up(watch_->fd()));
}

void BellWrap::keep_alive(const Napi::CallbackInfo& info) {
  const bool alive = boolean_argument(info, 0);
  if (watch_ == nullptr || alive == is_waited_for_) return;
  is_waited_for_ = alive;
  watch_->keep_alive(alive);
  alive ? Ref() : Unref();
}

void BellWrap::close(const Napi::CallbackInfo&) {
  if (close_watch()) Unref();
}

// True if the program waited for the bell.
bool BellWrap::close_watch() {
  if (watch_ == nullptr) return false;
  const bool was_waited_for = std::exchange(is_waited_for_, false);
  if (was_waited_for) watch_->keep_alive(false);
  std::exchange(watch_, nullptr)->close();
  return was_waited_for;
}

}  // namespace vmoffer
