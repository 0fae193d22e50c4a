#include "native/supplier_wrap.h"

#include <string>
#include <utility>

#include "native/arguments.h"

namespace vmoffer {

void SupplierWrap::define(Napi::Env env) {
  Environment::of(env).supplier_class =
      Napi::Persistent(DefineClass(env, "NativeSupplier",
                                   {
                                       InstanceMethod<&SupplierWrap::make_array>("makeArray"),
                                       InstanceMethod<&SupplierWrap::is_in_use>("isInUse"),
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

// An ordinary array where there is no memory, or where the runtime takes none of ours.
Napi::Value SupplierWrap::make_array(const Napi::CallbackInfo& info) {
  const size_t byte_length = size_argument(info, 0);
  Result<std::shared_ptr<SupplierArray>> made = SupplierArray::create(byte_length);
  if (!made.is_ok()) return Napi::Uint8Array::New(info.Env(), byte_length);
  const std::shared_ptr<SupplierArray> array = made.take();
  auto* const kept = new std::shared_ptr<SupplierArray>(array);
  const napi_finalize drop = [](napi_env, void*, void* hint) {
    delete static_cast<std::shared_ptr<SupplierArray>*>(hint);
  };
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(info.Env(), array->data(), byte_length, drop, kept, &buffer);
  if (status == napi_no_external_buffers_allowed) return Napi::Uint8Array::New(info.Env(), byte_length);
  if (status != napi_ok) return info.Env().Undefined();  // the worker is being terminated
  for (auto at = arrays_.begin(); at != arrays_.end();) at = at->second.expired() ? arrays_.erase(at) : std::next(at);
  arrays_[array->data()] = array;
  return Napi::Uint8Array::New(info.Env(), byte_length, Napi::ArrayBuffer(info.Env(), buffer), 0);
}

std::shared_ptr<SupplierArray> SupplierWrap::array_at(const void* data) const {
  const auto at = arrays_.find(data);
  return at == arrays_.end() ? nullptr : at->second.lock();
}

Napi::Value SupplierWrap::is_in_use(const Napi::CallbackInfo& info) {
  const std::shared_ptr<SupplierArray> array = array_at(bytes_argument(info, 0).data);
  return Napi::Boolean::New(info.Env(), array != nullptr && array->is_in_use());
}

void SupplierWrap::finish(const Napi::CallbackInfo& info) {
  if (memory_ == nullptr) return;
  const BytesArgument bytes = bytes_argument(info, 1);
  if (const std::shared_ptr<SupplierArray> array = array_at(bytes.data)) {
    memory_->complete(size_argument(info, 0), array, bytes.length);
  } else {
    memory_->complete(size_argument(info, 0), bytes.data, bytes.length);
  }
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
