/*
 * An addon for Node.js that reads memory as the peers do, with the same C code, so that a bench compares how bytes
 * arrive and not how they are read.
 *
 *   sum(memory)                    the sum of its 64-bit words, as a BigInt
 *   touch(memory, offsets)         reads one byte at each offset
 *   write(memory, offsets)         writes one byte at each offset
 *   timeTouches(memory, offsets)   as touch; returns a Float64Array of nanoseconds
 *   touchTogether(memories, n)     n threads read the first byte of each memory of an Array; returns nanoseconds
 *
 * Memory is a Uint8Array, offsets are a BigUint64Array. It trusts its callers.
 */
#include <node_api.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/sum.h"
#include "common/touch.h"

#define CHECK(call) \
  if ((call) != napi_ok) abort()

struct arguments {
  char* memory;
  size_t memory_bytes;
  const uint64_t* offsets;
  size_t count;
};

static struct arguments arguments_of(napi_env env, napi_callback_info info) {
  struct arguments got = {0};
  napi_value values[2];
  size_t count = 2;
  CHECK(napi_get_cb_info(env, info, &count, values, NULL, NULL));
  CHECK(napi_get_typedarray_info(env, values[0], NULL, &got.memory_bytes, (void**)&got.memory, NULL, NULL));
  if (count == 2) {
    CHECK(napi_get_typedarray_info(env, values[1], NULL, &got.count, (void**)&got.offsets, NULL, NULL));
  }
  return got;
}

static napi_value sum(napi_env env, napi_callback_info info) {
  const struct arguments got = arguments_of(env, info);
  napi_value result;
  CHECK(napi_create_bigint_uint64(env, sum_of_words(got.memory, got.memory_bytes), &result));
  return result;
}

static napi_value touch_all(napi_env env, napi_callback_info info) {
  const struct arguments got = arguments_of(env, info);
  touch(got.memory, got.offsets, got.count);
  return NULL;
}

static napi_value write_all(napi_env env, napi_callback_info info) {
  const struct arguments got = arguments_of(env, info);
  write_touch(got.memory, got.offsets, got.count);
  return NULL;
}

static napi_value time_all_touches(napi_env env, napi_callback_info info) {
  const struct arguments got = arguments_of(env, info);
  napi_value buffer, result;
  double* took_ns;
  CHECK(napi_create_arraybuffer(env, got.count * sizeof(double), (void**)&took_ns, &buffer));
  time_touches(got.memory, got.offsets, got.count, took_ns);
  CHECK(napi_create_typedarray(env, napi_float64_array, got.count, buffer, 0, &result));
  return result;
}

// The share of one of n threads: every n-th memory.
struct share {
  pthread_t thread;
  char* const* memories;
  size_t count, first, step;
};

static void* touch_share(void* argument) {
  const struct share* share = argument;
  const uint64_t start = 0;
  for (size_t i = share->first; i < share->count; i += share->step) touch(share->memories[i], &start, 1);
  return NULL;
}

static void touch_by_threads(char* const* memories, size_t count, size_t threads) {
  struct share* shares = calloc(threads, sizeof(struct share));
  for (size_t i = 0; i < threads; i++) {
    shares[i] = (struct share){.memories = memories, .count = count, .first = i, .step = threads};
    if (pthread_create(&shares[i].thread, NULL, touch_share, &shares[i]) != 0) abort();
  }
  for (size_t i = 0; i < threads; i++) pthread_join(shares[i].thread, NULL);
  free(shares);
}

static napi_value touch_together(napi_env env, napi_callback_info info) {
  napi_value values[2], element, result;
  size_t arguments = 2;
  uint32_t count, threads;
  CHECK(napi_get_cb_info(env, info, &arguments, values, NULL, NULL));
  CHECK(napi_get_array_length(env, values[0], &count));
  CHECK(napi_get_value_uint32(env, values[1], &threads));
  char** memories = calloc(count, sizeof(char*));
  for (uint32_t i = 0; i < count; i++) {
    CHECK(napi_get_element(env, values[0], i, &element));
    CHECK(napi_get_typedarray_info(env, element, NULL, NULL, (void**)&memories[i], NULL, NULL));
  }
  const double start = nanoseconds();
  touch_by_threads(memories, count, threads);
  CHECK(napi_create_double(env, nanoseconds() - start, &result));
  free(memories);
  return result;
}

static void add_function(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value;
  CHECK(napi_create_function(env, name, NAPI_AUTO_LENGTH, function, NULL, &value));
  CHECK(napi_set_named_property(env, exports, name, value));
}

NAPI_MODULE_INIT() {
  add_function(env, exports, "sum", sum);
  add_function(env, exports, "touch", touch_all);
  add_function(env, exports, "write", write_all);
  add_function(env, exports, "timeTouches", time_all_touches);
  add_function(env, exports, "touchTogether", touch_together);
  return exports;
}
