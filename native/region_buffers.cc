#include "native/region_buffers.h"

#include <algorithm>
#include <iterator>

#include "native/array_buffers.h"

namespace vmoffer {
namespace {

// Each buffer counts a little as external memory, so that many thousands of dropped buffers make V8 collect.
constexpr int64_t kAccountedBytesPerBuffer = 4096;

}  // namespace

struct RegionBuffer {
  std::shared_ptr<Region> region;  // until the limbo has it
  std::weak_ptr<void> store;
  std::weak_ptr<Limbo> limbo;
  std::shared_ptr<RegionBuffers::References> references;
  RegionBuffers::References::iterator position;

  bool is_collected() const { return position->Value().IsEmpty(); }
};

void Limbo::add(RegionBuffer& buffer) { entries_.push_back({std::move(buffer.region), std::move(buffer.store)}); }

void Limbo::take(RegionBuffer& buffer) {
  if (expected_.erase(&buffer) == 0) return;
  add(buffer);
  if (sweep()) sweep_later_();
}

void Limbo::take_collected() {
  std::erase_if(expected_, [this](RegionBuffer* buffer) {
    if (!buffer->is_collected()) return false;
    add(*buffer);
    return true;
  });
  if (sweep()) sweep_later_();
}

Limbo::~Limbo() {
  for (const Entry& entry : entries_) Outliving::instance().add(entry.region, entry.store);
}

bool Limbo::sweep() {
  Outliving::instance().sweep();
  std::erase_if(entries_, [](const Entry& entry) { return entry.store.expired(); });
  return !entries_.empty();
}

Outliving& Outliving::instance() {
  static Outliving* const forever = new Outliving;
  return *forever;
}

void Outliving::add(const std::shared_ptr<Region>& region, std::weak_ptr<void> store) {
  region->release(/*keep_addresses=*/true);
  const MutexLock lock(mutex_);
  entries_.push_back({region, std::move(store)});
}

void Outliving::sweep() {
  std::vector<Entry> over;
  {
    const MutexLock lock(mutex_);
    const auto first =
        std::partition(entries_.begin(), entries_.end(), [](const Entry& entry) { return !entry.store.expired(); });
    over.assign(std::make_move_iterator(first), std::make_move_iterator(entries_.end()));
    entries_.erase(first, entries_.end());
  }
}

Napi::ArrayBuffer RegionBuffers::open(Napi::Env env, uint64_t byte_offset, uint64_t byte_length, bool sets_detach_key) {
  auto* data = reinterpret_cast<void*>(region_->address() + byte_offset);
  const ExternalBuffer external = make_array_buffer(env, data, byte_length);
  if (external.buffer.IsEmpty()) return {};
  if (sets_detach_key) set_detach_key(external.buffer);
  const auto position =
      references_->insert(references_->end(), Napi::Reference<Napi::ArrayBuffer>::New(external.buffer));
  Napi::MemoryManagement::AdjustExternalMemory(env, kAccountedBytesPerBuffer);
  auto* const buffer = new RegionBuffer{region_, external.store, limbo_, references_, position};
  external.buffer.AddFinalizer(on_collected, buffer);
  if (const std::shared_ptr<Limbo> limbo = limbo_.lock(); limbo != nullptr) limbo->expect(*buffer);
  return external.buffer;
}

void RegionBuffers::on_collected(Napi::Env env, RegionBuffer* raw) {
  const std::unique_ptr<RegionBuffer> buffer(raw);
  if (const std::shared_ptr<Limbo> limbo = buffer->limbo.lock(); limbo != nullptr) {
    limbo->take(*buffer);
  } else if (buffer->region != nullptr) {
    Outliving::instance().add(buffer->region, std::move(buffer->store));
  }
  buffer->references->erase(buffer->position);
  Napi::MemoryManagement::AdjustExternalMemory(env, -kAccountedBytesPerBuffer);
}

void RegionBuffers::detach_when_disowned(const std::shared_ptr<JsNotifier>& notifier) {
  // Captures the buffers and not this object, because a buffer may outlive the region's own JavaScript object.
  region_->when_disowned([notifier, references = references_] {
    notifier->post([references](Napi::Env env) { detach(env, *references); });
  });
}

void RegionBuffers::detach(Napi::Env env, const References& references) {
  const Napi::HandleScope scope(env);
  for (const auto& reference : references) {
    const Napi::ArrayBuffer buffer = reference.Value();
    if (!buffer.IsEmpty()) detach_array_buffer(buffer);
  }
}

}  // namespace vmoffer
