// array_buffers: makes ArrayBuffers over memory that V8 neither counts nor frees. JavaScript thread only.
//
// On Node V8 makes them, with an empty deleter, because only then does V8 not count the bytes as external memory: a
// claim of 1 GiB would otherwise set off a full collection (measured: 240 ms against 3 µs, with a heap of 300 MB). On
// other runtimes Node-API makes them, and they have no detach keys.
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

namespace vmoffer {

struct ExternalBuffer {
  Napi::ArrayBuffer buffer;   // empty if the runtime refused; an exception is pending
  std::weak_ptr<void> store;  // expires once nothing can look at the bytes any more
};

// Borrows the data until `store` has expired.
ExternalBuffer make_array_buffer(Napi::Env env, void* data, size_t byte_length);

// From now on only detach_array_buffer() can detach the buffer. Does nothing on a runtime without detach keys.
void set_detach_key(const Napi::ArrayBuffer& buffer);

// REQUIRES: the buffer was made here. Does nothing to a detached buffer.
void detach_array_buffer(Napi::ArrayBuffer buffer);

}  // namespace vmoffer
