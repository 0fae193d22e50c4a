// PopulateWork: installs pages of a region on a thread of libuv's pool, then calls back with an error or null.
#pragma once

#include <napi.h>

#include <memory>

#include "engine/memory/region.h"

namespace vmoffer {

class PopulateWork : public Napi::AsyncWorker {
 public:
  struct ByteRange {
    uint64_t offset;
    uint64_t length;
  };
  static void queue(const Napi::Function& done, std::shared_ptr<Region> region, ByteRange range);

 protected:
  void Execute() override;
  void OnOK() override;

 private:
  PopulateWork(const Napi::Function& done, std::shared_ptr<Region> region, ByteRange range);

  const std::shared_ptr<Region> region_;
  const ByteRange range_;
  Status status_;
};

}  // namespace vmoffer
