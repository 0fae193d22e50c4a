#include "native/array_buffers.h"

#include <utility>

#include "native/node_functions.h"

namespace vmoffer {
namespace {

std::shared_ptr<v8::BackingStore> new_backing_store(const NodeFunctions& node, void* data, size_t byte_length) {
  const ReturnedStore returned = node.new_backing_store(data, byte_length, node.empty_deleter, nullptr);
  return {returned.store, [&node](v8::BackingStore* store) {
            node.destroy_backing_store(store);
            node.operator_delete(store);
          }};
}

ExternalBuffer make_with_v8(const NodeFunctions& node, Napi::Env env, void* data, size_t byte_length) {
  std::shared_ptr<v8::BackingStore> store = new_backing_store(node, data, byte_length);
  const std::weak_ptr<void> watched = store;
  LocalHandle const buffer = node.new_array_buffer(node.current_isolate(), std::move(store));
  return {Napi::ArrayBuffer(env, static_cast<napi_value>(buffer)), watched};
}

// The runtime decides when the buffer is gone, and may have run the finalizer before it reports a failure. So the
// buffer holds a token, which only its finalizer frees.
ExternalBuffer make_with_node_api(Napi::Env env, void* data, size_t byte_length) {
  auto* token = new std::shared_ptr<void>(std::make_shared<char>());
  const std::weak_ptr<void> watched = *token;
  const napi_finalize drop = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<void>*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(env, data, byte_length, drop, token, &buffer);
  if (status == napi_ok) return {Napi::ArrayBuffer(env, buffer), watched};
  if (!env.IsExceptionPending()) Napi::Error::New(env).ThrowAsJavaScriptException();
  return {};
}

void set_key(const Napi::ArrayBuffer& buffer, const Napi::Value& key) {
  const NodeFunctions* node = NodeFunctions::get();
  if (node != nullptr) node->set_detach_key(static_cast<napi_value>(buffer), static_cast<napi_value>(key));
}

}  // namespace

ExternalBuffer make_array_buffer(Napi::Env env, void* data, size_t byte_length) {
  const NodeFunctions* node = NodeFunctions::get();
  return node == nullptr ? make_with_node_api(env, data, byte_length) : make_with_v8(*node, env, data, byte_length);
}

// Any value but undefined is a key, and no program can name one.
void set_detach_key(const Napi::ArrayBuffer& buffer) { set_key(buffer, Napi::Boolean::New(buffer.Env(), true)); }

// On some versions Node's markAsUntransferable() sets a key of its own. napi_detach_arraybuffer knows no keys, and
// aborts the process if there is one.
void detach_array_buffer(Napi::ArrayBuffer buffer) {
  if (buffer.IsDetached()) return;
  set_key(buffer, buffer.Env().Undefined());
  buffer.Detach();
}

}  // namespace vmoffer
