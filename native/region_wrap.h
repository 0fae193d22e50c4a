// RegionWrap: a region, allocated or claimed, as a JavaScript object. JavaScript thread only.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "engine/transfer/claim/claim.h"
#include "native/environment.h"
#include "native/region_buffers.h"

namespace vmoffer {

class RegionWrap : public Napi::ObjectWrap<RegionWrap>, private Closable, private Collectable {
 public:
  static void define(Napi::Env env);
  static Napi::Object of_region(Napi::Env env, std::shared_ptr<Region> region);
  static Napi::Object of_claim(Napi::Env env, const ReceivedClaim& claim);

  // Called by the two above only.
  explicit RegionWrap(const Napi::CallbackInfo& info);
  ~RegionWrap() override;

 private:
  struct ClaimFacts {
    int source_pid;
    uint32_t flags;
    bool is_immutable;
    Paging paging;
    wire::Transfer transfer;
  };

  static RegionWrap* make(Napi::Env env, std::shared_ptr<Region> region);
  void close() override;
  bool give_back_if_collected() override;
  void release_memory();
  void account(int64_t byte_length);

  Napi::Value address(const Napi::CallbackInfo& info);
  Napi::Value byte_length(const Napi::CallbackInfo& info);
  Napi::Value pages(const Napi::CallbackInfo& info);
  Napi::Value released(const Napi::CallbackInfo& info);
  Napi::Value disowned(const Napi::CallbackInfo& info);
  Napi::Value array_buffer(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);

  Napi::Value src_pid(const Napi::CallbackInfo& info);
  Napi::Value flags(const Napi::CallbackInfo& info);
  Napi::Value immutable(const Napi::CallbackInfo& info);
  Napi::Value transfer(const Napi::CallbackInfo& info);
  Napi::Value paging(const Napi::CallbackInfo& info);
  Napi::Value residency(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value is_supplied(const Napi::CallbackInfo& info);
  Napi::Value failed(const Napi::CallbackInfo& info);
  Napi::Value pin(const Napi::CallbackInfo& info);
  void unpin(const Napi::CallbackInfo& info);
  void observe_failures(const Napi::CallbackInfo& info);
  Napi::Value take_failures(const Napi::CallbackInfo& info);
  void prefetch(const Napi::CallbackInfo& info);
  void order(const Napi::CallbackInfo& info);
  void cancel_order(const Napi::CallbackInfo& info);

  Environment* environment_;  // null from close() on
  const std::shared_ptr<Collectables> collectables_;
  std::shared_ptr<Region> region_;
  std::unique_ptr<RegionBuffers> buffers_;
  std::optional<ClaimFacts> claim_;
  int64_t accounted_bytes_ = 0;
};

}  // namespace vmoffer
