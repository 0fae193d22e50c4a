// SupplierArray: the memory of an array that a supplier fills. It stays while anybody has it: the array, or a thread
// that puts its bytes into place, also when the program has given the array away meanwhile. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "engine/base/status.h"
#include "engine/sys/mapping.h"

namespace vmoffer {

class SupplierArray {
 public:
  static Result<std::shared_ptr<SupplierArray>> create(uint64_t byte_length) {
    Result<Mapping> mapping = Mapping::anonymous(byte_length, Protection{/*write=*/true, /*execute=*/false});
    if (!mapping.is_ok()) return mapping.status();
    return std::make_shared<SupplierArray>(mapping.take());
  }
  explicit SupplierArray(Mapping mapping) : mapping_(std::move(mapping)) {}

  void* data() const { return reinterpret_cast<void*>(mapping_.address()); }
  uint64_t byte_length() const { return mapping_.byte_length(); }
  // Its bytes are being put into place: it must not be filled again.
  bool is_in_use() const { return is_in_use_.load(std::memory_order_acquire); }
  void set_in_use(bool is_in_use) { is_in_use_.store(is_in_use, std::memory_order_release); }

  SupplierArray(const SupplierArray&) = delete;
  SupplierArray& operator=(const SupplierArray&) = delete;

 private:
  const Mapping mapping_;
  std::atomic<bool> is_in_use_ = false;
};

}  // namespace vmoffer
