// JsSupplier: a supplier that is a JavaScript function, on the thread of one Node environment. It passes orders on to
// that thread; what it brings it hands in by SupplierWrap.
#pragma once

#include <memory>

#include "engine/supply/supplier.h"
#include "native/environment.h"

namespace vmoffer {

class JsSupplier : public Supplier {
 public:
  struct Callbacks {
    Environment::CallbackId begin;  // (fill, byteOffset, byteLength, isWaitedFor)
    Environment::CallbackId stop;   // (fill)
  };
  JsSupplier(std::shared_ptr<JsNotifier> notifier, Callbacks callbacks)
      : notifier_(std::move(notifier)), callbacks_(callbacks) {}

  void begin(const FillOrder& order, uint64_t byte_offset, uint64_t byte_length) override;
  void stop(FillId id) override;
  const Callbacks& callbacks() const { return callbacks_; }

 private:
  const std::shared_ptr<JsNotifier> notifier_;
  const Callbacks callbacks_;
};

}  // namespace vmoffer
