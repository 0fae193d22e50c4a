// SupplierWrap: what a thread that supplies memory answers by, as a JavaScript object. When its environment ends, what
// is under way fails. JavaScript thread only.
#pragma once

#include <napi.h>

#include <map>
#include <memory>

#include "engine/supply/supplied_memory.h"
#include "native/environment.h"
#include "native/js_supplier.h"

namespace vmoffer {

class SupplierWrap : public Napi::ObjectWrap<SupplierWrap>, private Closable {
 public:
  static void define(Napi::Env env);
  // From now on the functions `begin` and `stop` are called.
  static Napi::Object serve(Napi::Env env, std::shared_ptr<SuppliedMemory> memory, const Napi::Function& begin,
                            const Napi::Function& stop);

  // Called by serve() only.
  explicit SupplierWrap(const Napi::CallbackInfo& info);
  ~SupplierWrap() override;

 private:
  void close() override;
  void leave();
  std::shared_ptr<SupplierArray> array_at(const void* data) const;

  Napi::Value make_array(const Napi::CallbackInfo& info);
  Napi::Value is_in_use(const Napi::CallbackInfo& info);
  void finish(const Napi::CallbackInfo& info);
  Napi::Value extend(const Napi::CallbackInfo& info);
  void fail(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  Environment* environment_;  // null from close() on
  std::shared_ptr<SuppliedMemory> memory_;
  std::shared_ptr<JsSupplier> supplier_;
  // By their first byte. A program can have given one away, and then it may be gone.
  std::map<const void*, std::weak_ptr<SupplierArray>> arrays_;
};

}  // namespace vmoffer
