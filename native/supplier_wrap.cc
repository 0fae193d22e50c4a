#include "native/supplier_wrap.h"

#include <string>
#include <utility>

#include "native/arguments.h"

namespace vmoffer {

void SupplierWrap::define(Napi::Env env) {
  Environment::of(env).supplier_class =
      Napi::Persistent(DefineClass(env, "NativeSupplier",
                                   {
                                       InstanceMethod<&SupplierWrap::finish>("finish"),
                                       InstanceMethod<&SupplierWrap::extend>("extend"),
                                       InstanceMethod<&SupplierWrap::fail>("fail"),
                                       InstanceMethod<&SupplierWrap::close>("close"),
                                   }));
}

SupplierWrap::SupplierWrap(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SupplierWrap>(info), environment_(&Environment::of(info.Env())) {
  environment_->add(*this);
}

SupplierWrap::~SupplierWrap() {
  if (environment_ != nullptr) environment_->remove(*this);
  leave();
}

Napi::Object SupplierWrap::serve(Napi::Env env, std::shared_ptr<SuppliedMemory> memory, const Napi::Function& begin,
                                 const Napi::Function& stop) {
  Environment& environment = Environment::of(env);
  const Napi::Object object = environment.supplier_class.New({});
  SupplierWrap* wrap = object.IsEmpty() ? nullptr : Unwrap(object);
  if (wrap == nullptr) return {};  // the worker is being terminated
  const JsSupplier::Callbacks callbacks{environment.keep_callback(begin), environment.keep_callback(stop)};
  wrap->supplier_ = std::make_shared<JsSupplier>(environment.notifier(), callbacks);
  wrap->memory_ = std::move(memory);
  wrap->memory_->serve(wrap->supplier_);
  return object;
}

void SupplierWrap::close() {
  environment_ = nullptr;
  leave();
}

void SupplierWrap::leave() {
  const std::shared_ptr<JsSupplier> supplier = std::exchange(supplier_, nullptr);
  const std::shared_ptr<SuppliedMemory> memory = std::exchange(memory_, nullptr);
  if (memory == nullptr) return;
  memory->leave(supplier, Status(Code::kSupply, "the supplier's thread has ended while it filled these bytes"));
}

Napi::Value SupplierWrap::finish(const Napi::CallbackInfo& info) {
  if (memory_ == nullptr) return Napi::Boolean::New(info.Env(), false);
  const BytesArgument bytes = bytes_argument(info, 1);
  return Napi::Boolean::New(info.Env(), memory_->complete(size_argument(info, 0), bytes.data, bytes.length));
}

Napi::Value SupplierWrap::extend(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), memory_ != nullptr && memory_->extend(size_argument(info, 0)));
}

void SupplierWrap::fail(const Napi::CallbackInfo& info) {
  if (memory_ != nullptr) memory_->fail(size_argument(info, 0), Status(Code::kSupply, text_argument(info, 1)));
}

void SupplierWrap::close(const Napi::CallbackInfo&) {
  if (environment_ != nullptr && supplier_ != nullptr) {
    environment_->take_callback(supplier_->callbacks().begin);
    environment_->take_callback(supplier_->callbacks().stop);
  }
  leave();
}

}  // namespace vmoffer
