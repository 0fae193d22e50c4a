// JsNotifier: how the engine's threads reach the thread of one Node environment. Every sender shares it. After close()
// a task is dropped, on the thread that posts it.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>

#include "engine/base/mutex.h"

namespace vmoffer {

class JsNotifier {
 public:
  using Task = std::function<void(Napi::Env)>;

  // JavaScript thread only.
  static std::shared_ptr<JsNotifier> create(Napi::Env env);
  // The event loop stays alive while calls with true outnumber those with false.
  void keep_alive(bool alive);
  void close();
  bool is_closed();

  // Any thread. The task runs later, on the JavaScript thread, with a handle scope.
  void post(Task task);

  explicit JsNotifier(napi_env env) : env_(env) {}
  JsNotifier(const JsNotifier&) = delete;
  JsNotifier& operator=(const JsNotifier&) = delete;

 private:
  const napi_env env_;
  int keepers_ = 0;
  Mutex mutex_;
  napi_threadsafe_function function_ VMO_GUARDED_BY(mutex_) = nullptr;
};

// Makes a pending exception an uncaught one, like an exception in any other callback.
void report_exception(Napi::Env env);

// Calls a JavaScript function from native code that was not called by JavaScript, and reports what it throws.
void call_back(Napi::Env env, const Napi::Function& function, std::initializer_list<napi_value> arguments);

}  // namespace vmoffer
