// SupplyWrap: memory that this process supplies, as a JavaScript object. It is released when its environment ends.
// JavaScript thread only.
#pragma once

#include <napi.h>

#include <optional>

#include "native/environment.h"

namespace vmoffer {

class SupplyWrap : public Napi::ObjectWrap<SupplyWrap>, private Closable {
 public:
  static void define(Napi::Env env);
  static Napi::Object of_supplied(Napi::Env env, Runtime::Supplied supplied);

  // Called by of_supplied() only.
  explicit SupplyWrap(const Napi::CallbackInfo& info);
  ~SupplyWrap() override;

 private:
  void close() override;
  void release_memory();

  Napi::Value address(const Napi::CallbackInfo& info);
  Napi::Value byte_length(const Napi::CallbackInfo& info);
  Napi::Value number(const Napi::CallbackInfo& info);
  Napi::Value released(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  void fill(const Napi::CallbackInfo& info);
  void evict(const Napi::CallbackInfo& info);
  void retry(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);

  Environment* environment_;  // null from close() on
  std::optional<Runtime::Supplied> supplied_;
};

}  // namespace vmoffer
