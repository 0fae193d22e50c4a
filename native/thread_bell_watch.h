// ThreadBellWatch: the thread `vmo-bell` polls the bell and tells the environment through its notifier.
#pragma once

#include <memory>

#include "engine/sys/bell.h"
#include "native/bell_watch.h"
#include "native/environment.h"

namespace vmoffer {

class HeardBell;

class ThreadBellWatch : public BellWatch {
 public:
  // Null if the thread cannot be started.
  static ThreadBellWatch* start(Environment& environment, Bell bell, BellListener& listener);

  int fd() const override;
  void keep_alive(bool alive) override;
  void close() override;

  ThreadBellWatch(const ThreadBellWatch&) = delete;
  ThreadBellWatch& operator=(const ThreadBellWatch&) = delete;

 private:
  // How the environment reaches the watch when it ends.
  struct End : Closable {
    explicit End(ThreadBellWatch& watch) : watch(watch) {}
    void close() override;
    ThreadBellWatch& watch;
  };

  ThreadBellWatch(Environment& environment, std::shared_ptr<HeardBell> bell);

  Environment& environment_;
  const std::shared_ptr<HeardBell> bell_;
  End end_ = End(*this);
};

}  // namespace vmoffer
