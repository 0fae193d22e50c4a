// SuppliedMemory: memory of this process whose pages a Supplier brings when a claimer first touches them. It is a
// sparse memory object, the window through which it is filled, the lines of its claimers, and the book of all that
// (SuppliedUnits).
//
// vmo-supply hears the lines, passes the deadlines and gives the supplier its orders. The thread that brings bytes
// gives it the next ones, so that none of its fills stands idle meanwhile. Bytes are put into place on the thread that
// brings them, or on vmo-placer if nobody waits for them. Any thread may call any method unless it says otherwise; none
// waits for a claimer or for the supplier.
//
// Presence in the object proves nothing, since whoever has a descriptor of it can make a page of zeros out of a hole:
// the book alone says what is filled. The object is not sealed against future writing. Under that seal what a claimer
// has made of a hole could not be overwritten, and one hostile claimer would keep units from all others.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/status.h"
#include "engine/supply/supplied_units.h"
#include "engine/supply/supplier.h"
#include "engine/supply/supplier_array.h"
#include "engine/supply/supply_line.h"
#include "engine/sys/memory_object.h"
#include "engine/sys/supply_window.h"

namespace vmoffer {

class SuppliedMemory : public std::enable_shared_from_this<SuppliedMemory> {
 public:
  struct Options {
    uint64_t byte_length = 0;  // whole pages, above 0
    uint64_t unit_bytes = 0;   // as FORMAT.md says
    size_t concurrency = 1;    // fills under way
    std::chrono::milliseconds timeout{};
    uint64_t budget_bytes = 0;  // 0: none; otherwise at least two units for each fill under way
  };
  static Result<std::shared_ptr<SuppliedMemory>> create(const Options& options);

  // Null from close() on: a program may hold on to what it has released.
  std::shared_ptr<MemoryObject> object() const;
  // No other memory that this process supplies has it, or had it.
  uint64_t number() const { return number_; }
  wire::Supply terms() const;
  bool is_closed() const;

  // A claim in two steps: while it can be refused, and when the claimer has heard DONE. Broker thread.
  static Result<std::shared_ptr<SupplyLine>> line_of(const ForeignFd& connection);
  void admit(std::shared_ptr<SupplyLine> line);

  // From now on this supplier is given the orders, those among them that have waited for one.
  void serve(std::shared_ptr<Supplier> supplier);
  // It brings no more: what it was given fails. Nothing if it does not serve.
  void leave(const std::shared_ptr<Supplier>& supplier, const Status& why);
  // No supplier will come: until serve() or retry(), all that is ordered fails.
  void refuse(const Status& why);

  // The bytes of a fill, which this thread can read. False if nobody wants them any more, or they could not be placed.
  bool complete(FillId fill, const void* bytes, uint64_t byte_length);
  // The same with the first bytes of an array, which is in use until they are in place. If no thread waits for them,
  // the supplier goes on meanwhile, where there is another thread.
  void complete(FillId fill, const std::shared_ptr<SupplierArray>& array, uint64_t byte_length);
  void fail(FillId fill, const Status& why);
  // The supplier is at work. False if that fill has ended.
  bool extend(FillId fill);

  // All of these take whole units. Bytes that the program has itself; units that are there already stay as they are.
  Status put(PageRange units, const void* bytes);
  // Drops the units that are there, each when its claimers have given it up.
  void evict(PageRange units);
  // Has those that failed tried again.
  void retry(PageRange units);
  const UnitGrid& grid() const { return options_.grid; }

  SupplyStats stats() const;
  // Hangs up on all claimers, and lets go of the object. What they were told of stays theirs. False if that has been
  // done before.
  bool close();

  ~SuppliedMemory();
  SuppliedMemory(EventLoop& loop, const SuppliedUnits::Options& options, std::shared_ptr<MemoryObject> object,
                 SupplyWindow window);
  SuppliedMemory(const SuppliedMemory&) = delete;
  SuppliedMemory& operator=(const SuppliedMemory&) = delete;

 private:
  class Listener;
  struct Claimer {
    std::shared_ptr<SupplyLine> line;
    std::shared_ptr<Listener> listener;
  };
  // A fill whose bytes have come.
  struct Arrival {
    FillId fill = 0;
    uint64_t unit = 0;
    bool is_waited_for = false;
    std::shared_ptr<SupplyWindow> window;
  };
  struct Errand {
    std::shared_ptr<Supplier> supplier;
    FillOrder order;
  };
  struct Turn {
    SuppliedUnits::Work work;
    std::vector<Errand> begins;
    std::vector<Errand> stops;
    std::shared_ptr<SupplyWindow> window;
  };

  bool on_message(LineId line, const wire::Message& message);
  void on_hang_up(LineId line);
  void open(LineId line, const Claimer& claimer);
  std::optional<Arrival> begin_placing(FillId fill);
  std::optional<Arrival> begin_placing(FillId fill, std::vector<Errand>& begins) VMO_REQUIRES(giving_mutex_);
  bool place(const Arrival& arrival, const void* bytes, uint64_t byte_length);
  Status put_unit(uint64_t unit, const char* bytes);

  void run();  // all that is to be done; loop thread
  Turn next_turn() VMO_REQUIRES(giving_mutex_);
  std::vector<Errand> give_orders(const std::vector<FillOrder>& orders) VMO_REQUIRES(mutex_);
  void begin(const std::vector<Errand>& begins) VMO_REQUIRES(giving_mutex_);
  void set_timer();  // loop thread
  void on_timer();
  void poke() VMO_REQUIRES(mutex_);
  void send() VMO_REQUIRES(mutex_);

  EventLoop& loop_;
  const SuppliedUnits::Options options_;
  const uint64_t number_;
  EventLoop::Token timer_ = 0;  // loop thread

  Mutex giving_mutex_;   // what is decided to be begun or stopped is told the supplier in that order
  mutable Mutex mutex_;  // under that one; the line's own is taken under it
  SuppliedUnits units_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<MemoryObject> object_ VMO_GUARDED_BY(mutex_);  // until close()
  std::shared_ptr<SupplyWindow> window_ VMO_GUARDED_BY(mutex_);  // until close()
  std::map<LineId, Claimer> claimers_ VMO_GUARDED_BY(mutex_);
  std::shared_ptr<Supplier> supplier_ VMO_GUARDED_BY(mutex_);
  Status refusal_ VMO_GUARDED_BY(mutex_);
  std::vector<FillOrder> waiting_ VMO_GUARDED_BY(mutex_);                       // for a supplier
  std::map<FillId, std::weak_ptr<Supplier>> under_way_ VMO_GUARDED_BY(mutex_);  // who was given them
  LineId last_line_ VMO_GUARDED_BY(mutex_) = 0;
  bool is_poked_ VMO_GUARDED_BY(mutex_) = false;
  bool is_closed_ VMO_GUARDED_BY(mutex_) = false;
};

}  // namespace vmoffer
