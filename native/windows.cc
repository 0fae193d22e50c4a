#include "native/windows.h"

#include "native/array_buffers.h"

namespace vmoffer {
namespace {

// Each window takes a little from the collector's allowance, so that many thousands of forgotten ones wake it.
constexpr int64_t kAccountedBytesPerWindow = 4096;

}  // namespace

// What an ArrayBuffer object leaves behind.
struct Windows::Collected {
  std::shared_ptr<Region> region;
  std::weak_ptr<void> store;
  std::weak_ptr<Limbo> limbo;
  std::shared_ptr<Buffers> buffers;
  Buffers::iterator position;
};

void Limbo::add(std::shared_ptr<Region> region, std::weak_ptr<void> store) {
  entries_.push_back({std::move(region), std::move(store)});
  if (sweep()) sweep_later_();
}

bool Limbo::sweep() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.store.expired(); });
  return !entries_.empty();
}

Napi::ArrayBuffer Windows::open(Napi::Env env, uint64_t byte_offset, uint64_t byte_length, bool sets_detach_key) {
  auto* data = reinterpret_cast<void*>(region_->address() + byte_offset);
  const ExternalBuffer external = make_array_buffer(env, data, byte_length);
  if (external.buffer.IsEmpty()) return {};
  if (sets_detach_key) set_detach_key(external.buffer);
  const auto position = buffers_->insert(buffers_->end(), Napi::Reference<Napi::ArrayBuffer>::New(external.buffer));
  Napi::MemoryManagement::AdjustExternalMemory(env, kAccountedBytesPerWindow);
  external.buffer.AddFinalizer(on_collected, new Collected{region_, external.store, limbo_, buffers_, position});
  return external.buffer;
}

void Windows::on_collected(Napi::Env env, Collected* raw) {
  const std::unique_ptr<Collected> collected(raw);
  collected->buffers->erase(collected->position);
  Napi::MemoryManagement::AdjustExternalMemory(env, -kAccountedBytesPerWindow);
  const std::shared_ptr<Limbo> limbo = collected->limbo.lock();
  if (limbo != nullptr) limbo->add(std::move(collected->region), std::move(collected->store));
}

void Windows::detach_when_disowned(const std::shared_ptr<JsNotifier>& notifier) {
  // The buffers, not this object: a buffer may outlive the region's own JavaScript object.
  region_->when_disowned(
      [notifier, buffers = buffers_] { notifier->post([buffers](Napi::Env env) { detach(env, *buffers); }); });
}

void Windows::detach(Napi::Env env, const Buffers& buffers) {
  const Napi::HandleScope scope(env);
  for (const auto& reference : buffers) {
    const Napi::ArrayBuffer buffer = reference.Value();
    if (!buffer.IsEmpty()) detach_array_buffer(buffer);
  }
}

}  // namespace vmoffer
