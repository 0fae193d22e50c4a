// BellWatch: has one Node environment hear what a bell says. JavaScript thread only.
//
// On Node the event loop itself polls the bell (uv_bell_watch): a wake-up is one hop, and a thousand bells cost no
// thread. Elsewhere one thread of ours polls all bells and tells the environment (thread_bell_watch): two hops.
#pragma once

#include "engine/sys/bell.h"

namespace vmoffer {

class Environment;

class BellListener {
 public:
  virtual ~BellListener() = default;
  // Called by the event loop, in no JavaScript, in a callback scope. After a hang-up nothing more is heard.
  virtual void on_ring() = 0;
  virtual void on_hang_up() = 0;
  // The environment is ending and has closed the watch.
  virtual void on_gone() = 0;
};

// It owns itself. From close() or on_gone() on it is not to be used any more.
class BellWatch {
 public:
  // Takes ownership of the bell. Borrows the listener until close() or on_gone(). Null when nothing can watch it.
  static BellWatch* start(Environment& environment, Bell bell, BellListener& listener);

  virtual int fd() const = 0;
  // While true, the bell keeps the event loop alive. REQUIRES: not what it is already; false before close().
  virtual void keep_alive(bool alive) = 0;
  // Closes the bell.
  virtual void close() = 0;

 protected:
  virtual ~BellWatch() = default;
};

}  // namespace vmoffer
