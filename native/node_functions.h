// NodeFunctions: what the addon uses of Node besides Node-API: V8's functions for ArrayBuffers and libuv's for polling.
//
// They are looked up in the running program, all or none, so that one binary runs on every Node and loads elsewhere.
// Bun and Deno lack V8's functions, and the functions that they export under libuv's names abort the process. Only
// functions that V8 exports out of line are used, because code inlined from its headers fits one version alone. Any
// thread.
#pragma once

#include <uv.h>

#include <cstddef>
#include <memory>

namespace v8 {
class BackingStore;
class Isolate;
}  // namespace v8

namespace vmoffer {

// A v8::Local, which is one pointer. So is a napi_value, by Node's own definition.
using LocalHandle = void*;

// Stands for the std::unique_ptr<v8::BackingStore> that the function returns. It needs a destructor to get the same
// calling convention: a class with a destructor is returned in memory.
struct ReturnedStore {
  v8::BackingStore* store = nullptr;
  ReturnedStore() = default;
  ReturnedStore(const ReturnedStore&) = delete;
  ReturnedStore& operator=(const ReturnedStore&) = delete;
  ~ReturnedStore() {}  // NOLINT(modernize-use-equals-default): a defaulted one would be trivial
};

struct NodeFunctions {
  using StoreDeleter = void (*)(void* data, size_t byte_length, void* hint);

  // v8::Isolate::GetCurrent
  v8::Isolate* (*current_isolate)();
  // v8::ArrayBuffer::NewBackingStore
  ReturnedStore (*new_backing_store)(void* data, size_t byte_length, StoreDeleter deleter, void* hint);
  // v8::BackingStore::EmptyDeleter
  StoreDeleter empty_deleter;
  // v8::BackingStore::~BackingStore, and the operator delete that belongs to the program's operator new
  void (*destroy_backing_store)(v8::BackingStore*);
  void (*operator_delete)(void*);
  // v8::ArrayBuffer::New
  LocalHandle (*new_array_buffer)(v8::Isolate*, std::shared_ptr<v8::BackingStore>);
  // v8::ArrayBuffer::SetDetachKey
  void (*set_detach_key)(LocalHandle buffer, LocalHandle key);

  decltype(&::uv_poll_init) poll_init;
  decltype(&::uv_poll_start) poll_start;
  decltype(&::uv_poll_stop) poll_stop;
  decltype(&::uv_ref) ref;
  decltype(&::uv_unref) unref;
  decltype(&::uv_close) close;

  // Null if the runtime has Node-API alone, or if VMOFFER_NODE_API_ONLY=1 asks to use nothing else, as specs do.
  static const NodeFunctions* get();
};

}  // namespace vmoffer
