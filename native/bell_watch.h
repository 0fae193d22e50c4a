// BellWatch: tells one Node environment when a bell rings or hangs up. JavaScript thread only.
//
// On Node the event loop itself polls the bell (uv_bell_watch): a wake-up is one hop, and a thousand bells cost no
// thread. Elsewhere one thread of the library polls all bells and tells the environment (thread_bell_watch): two hops.
#pragma once

#include "engine/sys/bell.h"

namespace vmoffer {

class Environment;

class BellListener {
 public:
  virtual ~BellListener() = default;
  // The event loop calls these, in a callback scope, while no JavaScript runs. Nothing follows a hang-up.
  virtual void on_ring() = 0;
  virtual void on_hang_up() = 0;
  // The environment is ending and has closed the watch.
  virtual void on_gone() = 0;
};

// Owns itself: do not use it after close() or on_gone().
class BellWatch {
 public:
  // Takes ownership of the bell. Borrows the listener until close() or on_gone(). Null if nothing can watch the bell.
  static BellWatch* start(Environment& environment, Bell bell, BellListener& listener);

  virtual int fd() const = 0;
  // While true, the bell keeps the event loop alive. REQUIRES: each call changes the value, and it is false at close().
  virtual void keep_alive(bool alive) = 0;
  // Closes the bell.
  virtual void close() = 0;

 protected:
  virtual ~BellWatch() = default;
};

}  // namespace vmoffer
