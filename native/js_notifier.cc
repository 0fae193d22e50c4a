#include "native/js_notifier.h"

#include <utility>

namespace vmoffer {
namespace {

void run_task(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<JsNotifier::Task> task(static_cast<JsNotifier::Task*>(data));
  if (env != nullptr) (*task)(Napi::Env(env));  // null: the environment is ending, and drops the task
}

}  // namespace

std::shared_ptr<JsNotifier> JsNotifier::create(Napi::Env env) {
  auto notifier = std::make_shared<JsNotifier>(env);
  const MutexLock lock(notifier->mutex_);
  const napi_status status = napi_create_threadsafe_function(
      env, nullptr, nullptr, Napi::String::New(env, "vmoffer"), /*max_queue_size=*/0,
      /*initial_thread_count=*/1, nullptr, nullptr, nullptr, run_task, &notifier->function_);
  NAPI_CHECK(status == napi_ok, "vmoffer", "could not make a thread-safe function");
  napi_unref_threadsafe_function(env, notifier->function_);
  return notifier;
}

void JsNotifier::keep_alive(bool alive) {
  const int keepers = std::exchange(keepers_, keepers_ + (alive ? 1 : -1));
  const MutexLock lock(mutex_);
  if (function_ == nullptr) return;
  if (alive && keepers == 0) napi_ref_threadsafe_function(env_, function_);
  if (!alive && keepers == 1) napi_unref_threadsafe_function(env_, function_);
}

void JsNotifier::post(Task task) {
  const MutexLock lock(mutex_);
  if (function_ == nullptr) return;
  auto owned = std::make_unique<Task>(std::move(task));
  const napi_status status = napi_call_threadsafe_function(function_, owned.get(), napi_tsfn_nonblocking);
  if (status == napi_ok) [[maybe_unused]]
    Task* passed_on = owned.release();
}

void JsNotifier::close() {
  const MutexLock lock(mutex_);
  if (function_ == nullptr) return;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

bool JsNotifier::is_closed() {
  const MutexLock lock(mutex_);
  return function_ == nullptr;
}

void report_exception(Napi::Env env) {
  if (!env.IsExceptionPending()) return;  // nor when a worker is being terminated
  const Napi::Error error = env.GetAndClearPendingException();
  napi_fatal_exception(env, error.Value());
}

void call_back(Napi::Env env, const Napi::Function& function, std::initializer_list<napi_value> arguments) {
  function.Call(arguments);
  report_exception(env);
}

}  // namespace vmoffer
