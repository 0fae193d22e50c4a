#include "native/windows.h"

#include <algorithm>
#include <iterator>

#include "native/array_buffers.h"

namespace vmoffer {
namespace {

// Each window takes a little from the collector's allowance, so that many thousands of forgotten ones wake it.
constexpr int64_t kAccountedBytesPerWindow = 4096;

}  // namespace

struct Window {
  std::shared_ptr<Region> region;  // until the limbo has it
  std::weak_ptr<void> store;
  std::weak_ptr<Limbo> limbo;
  std::shared_ptr<Windows::Buffers> buffers;
  Windows::Buffers::iterator position;

  bool is_collected() const { return position->Value().IsEmpty(); }
};

void Limbo::add(Window& window) { entries_.push_back({std::move(window.region), std::move(window.store)}); }

void Limbo::take(Window& window) {
  if (expected_.erase(&window) == 0) return;
  add(window);
  if (sweep()) sweep_later_();
}

void Limbo::take_collected() {
  std::erase_if(expected_, [this](Window* window) {
    if (!window->is_collected()) return false;
    add(*window);
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

Napi::ArrayBuffer Windows::open(Napi::Env env, uint64_t byte_offset, uint64_t byte_length, bool sets_detach_key) {
  auto* data = reinterpret_cast<void*>(region_->address() + byte_offset);
  const ExternalBuffer external = make_array_buffer(env, data, byte_length);
  if (external.buffer.IsEmpty()) return {};
  if (sets_detach_key) set_detach_key(external.buffer);
  const auto position = buffers_->insert(buffers_->end(), Napi::Reference<Napi::ArrayBuffer>::New(external.buffer));
  Napi::MemoryManagement::AdjustExternalMemory(env, kAccountedBytesPerWindow);
  auto* const window = new Window{region_, external.store, limbo_, buffers_, position};
  external.buffer.AddFinalizer(on_collected, window);
  if (const std::shared_ptr<Limbo> limbo = limbo_.lock(); limbo != nullptr) limbo->expect(*window);
  return external.buffer;
}

void Windows::on_collected(Napi::Env env, Window* raw) {
  const std::unique_ptr<Window> window(raw);
  if (const std::shared_ptr<Limbo> limbo = window->limbo.lock(); limbo != nullptr) {
    limbo->take(*window);
  } else if (window->region != nullptr) {
    Outliving::instance().add(window->region, std::move(window->store));
  }
  window->buffers->erase(window->position);
  Napi::MemoryManagement::AdjustExternalMemory(env, -kAccountedBytesPerWindow);
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
