// ArrayBuffers over memory that V8 neither counts nor frees, made by V8 itself where that can be. JavaScript thread
// only.
//
// On Node they are made by V8 with an empty deleter, because only then does V8 not count the bytes as external memory:
// a claim of 1 GiB would otherwise set off a full collection (measured: 240 ms against 3 µs, with a heap of 300 MB).
// Other runtimes have Node-API's, without detach keys.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

namespace vmoffer {

struct ExternalBuffer {
  Napi::ArrayBuffer buffer;   // empty when the runtime refused; an exception is pending
  std::weak_ptr<void> store;  // expires when nothing can look at the bytes any more
};

// Borrows the data until `store` has expired.
ExternalBuffer make_array_buffer(Napi::Env env, void* data, size_t byte_length);

// From now on only detach_array_buffer() detaches it. Does nothing without detach keys.
void set_detach_key(const Napi::ArrayBuffer& buffer);

// REQUIRES: the buffer was made here. Does nothing to one that is detached.
void detach_array_buffer(Napi::ArrayBuffer buffer);

}  // namespace vmoffer
