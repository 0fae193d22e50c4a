// BellWrap: this process's end of a channel's bell, as a JavaScript object. When it becomes garbage it is closed, which
// the other side notices. While the program waits for a ring it is kept alive. JavaScript thread only.
#pragma once

#include <napi.h>

#include <memory>

#include "engine/sys/bell.h"
#include "native/bell_watch.h"
#include "native/collectables.h"

namespace vmoffer {

class BellWrap : public Napi::ObjectWrap<BellWrap>, private BellListener, private Collectable {
 public:
  static void define(Napi::Env env);
  // Takes ownership of the bell. Empty if the environment is ending.
  static Napi::Object of_bell(Napi::Env env, Bell bell);

  // Only by of_bell().
  explicit BellWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BellWrap>(info) {}
  ~BellWrap() override;

 private:
  void on_ring() override { tell(false); }
  void on_hang_up() override { tell(true); }
  void on_gone() override { watch_ = nullptr; }
  bool give_back_if_collected() override;
  void tell(bool has_hung_up);
  bool close_watch();

  Napi::Value ring(const Napi::CallbackInfo& info);
  Napi::Value has_hung_up(const Napi::CallbackInfo& info);
  void keep_alive(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  BellWatch* watch_ = nullptr;
  bool is_waited_for_ = false;
  std::shared_ptr<Collectables> collectables_;
};

}  // namespace vmoffer
