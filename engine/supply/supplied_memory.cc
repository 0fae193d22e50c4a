#include "engine/supply/supplied_memory.h"

#include <atomic>
#include <string>
#include <utility>

#include "engine/supply/supply_thread.h"
#include "engine/sys/expendable_pool.h"

namespace vmoffer {
namespace {

// A claimer that reads so little is hung up on. One that asks and reads never comes near it.
constexpr size_t kMostKept = 4096;

// More would wait for each other in the kernel.
constexpr size_t kMostPlacers = 2;

uint64_t next_number() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

// To put bytes into place takes most of the time of a supplier that reads from memory.
ExpendablePool& placers() {
  static auto* const forever = new ExpendablePool("vmo-placer", kMostPlacers);
  return *forever;
}

SuppliedUnits::Options units_of(const SuppliedMemory::Options& options) {
  return {{options.byte_length, options.unit_bytes},
          options.concurrency,
          options.timeout,
          options.budget_bytes / options.unit_bytes};
}

}  // namespace

class SuppliedMemory::Listener : public SupplyLine::Listener {
 public:
  Listener(std::weak_ptr<SuppliedMemory> memory, LineId line) : memory_(std::move(memory)), line_(line) {}
  bool on_message(wire::Message message) override {
    const std::shared_ptr<SuppliedMemory> memory = memory_.lock();
    return memory != nullptr && memory->on_message(line_, message);
  }
  void on_hang_up() override {
    if (const std::shared_ptr<SuppliedMemory> memory = memory_.lock()) memory->on_hang_up(line_);
  }

 private:
  const std::weak_ptr<SuppliedMemory> memory_;
  const LineId line_;
};

SuppliedMemory::SuppliedMemory(EventLoop& loop, const SuppliedUnits::Options& options,
                               std::shared_ptr<MemoryObject> object, SupplyWindow window)
    : loop_(loop),
      options_(options),
      number_(next_number()),
      units_(options),
      object_(std::move(object)),
      window_(std::make_shared<SupplyWindow>(std::move(window))) {}

Result<std::shared_ptr<SuppliedMemory>> SuppliedMemory::create(const Options& options) {
  Result<EventLoop*> loop = supply_loop();
  if (!loop.is_ok()) return loop.status();
  Result<std::shared_ptr<MemoryObject>> object = MemoryObject::create(options.byte_length, /*hugetlb=*/false);
  if (!object.is_ok()) return object.status();
  Result<SupplyWindow> window = SupplyWindow::open(object.value());
  if (!window.is_ok()) return window.status();
  return std::make_shared<SuppliedMemory>(*loop.value(), units_of(options), object.take(), window.take());
}

SuppliedMemory::~SuppliedMemory() {
  loop_.post([loop = &loop_, timer = timer_] { loop->cancel_call(timer); });
  for (auto& [id, claimer] : claimers_) claimer.line->hang_up();
}

std::shared_ptr<MemoryObject> SuppliedMemory::object() const {
  const MutexLock lock(mutex_);
  return object_;
}

wire::Supply SuppliedMemory::terms() const {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.timeout);
  return {static_cast<uint32_t>(options_.grid.unit_bytes), static_cast<uint32_t>(timeout.count())};
}

bool SuppliedMemory::is_closed() const {
  const MutexLock lock(mutex_);
  return is_closed_;
}

Result<std::shared_ptr<SupplyLine>> SuppliedMemory::line_of(const ForeignFd& connection) {
  Result<EventLoop*> loop = supply_loop();
  if (!loop.is_ok()) return loop.status();
  return SupplyLine::of(*loop.value(), connection);
}

void SuppliedMemory::admit(std::shared_ptr<SupplyLine> line) {
  const MutexLock lock(mutex_);
  if (is_closed_) return line->hang_up();
  const LineId id = ++last_line_;
  const Claimer claimer{std::move(line), std::make_shared<Listener>(weak_from_this(), id)};
  units_.add_line(id);
  claimers_.emplace(id, claimer);
  loop_.post([self = shared_from_this(), id, claimer] { self->open(id, claimer); });
}

void SuppliedMemory::open(LineId line, const Claimer& claimer) {
  if (claimer.line->open(claimer.listener).is_ok()) return;
  claimer.line->hang_up();
  on_hang_up(line);
}

bool SuppliedMemory::on_message(LineId line, const wire::Message& message) {
  {
    const MutexLock lock(mutex_);
    const bool is_meaningful = units_.on_message(line, message, Clock::now());
    send();
    if (!is_meaningful) return false;
  }
  run();
  return true;
}

void SuppliedMemory::on_hang_up(LineId line) {
  {
    const MutexLock lock(mutex_);
    claimers_.erase(line);
    units_.remove_line(line);
    send();
  }
  run();
}

void SuppliedMemory::serve(std::shared_ptr<Supplier> supplier) {
  const MutexLock lock(mutex_);
  if (is_closed_) return;
  supplier_ = std::move(supplier);
  refusal_ = Status();
  poke();
}

void SuppliedMemory::leave(const std::shared_ptr<Supplier>& supplier, const Status& why) {
  const MutexLock lock(mutex_);
  if (supplier_ == supplier) supplier_.reset();
  for (auto fill = under_way_.begin(); fill != under_way_.end();) {
    if (fill->second.lock() != supplier) {
      ++fill;
      continue;
    }
    units_.fail(fill->first, why);
    fill = under_way_.erase(fill);
  }
  send();
  poke();
}

void SuppliedMemory::refuse(const Status& why) {
  const MutexLock lock(mutex_);
  refusal_ = why;
  poke();
}

bool SuppliedMemory::complete(FillId fill, const void* bytes, uint64_t byte_length) {
  const std::optional<Arrival> arrival = begin_placing(fill);
  return arrival && place(*arrival, bytes, byte_length);
}

void SuppliedMemory::complete(FillId fill, const std::shared_ptr<SupplierArray>& array, uint64_t byte_length) {
  const std::optional<Arrival> arrival = begin_placing(fill);
  if (!arrival) return;
  if (!arrival->is_waited_for) {
    array->set_in_use(true);
    const bool is_taken = placers().add_if_started([self = shared_from_this(), arrival = *arrival, array, byte_length] {
      self->place(arrival, array->data(), byte_length);
      array->set_in_use(false);
    });
    if (is_taken) return;
    array->set_in_use(false);
  }
  place(*arrival, array->data(), byte_length);
}

std::optional<SuppliedMemory::Arrival> SuppliedMemory::begin_placing(FillId fill) {
  std::vector<Errand> begins;
  const MutexLock giving(giving_mutex_);
  std::optional<Arrival> arrival = begin_placing(fill, begins);
  begin(begins);
  return arrival;
}

std::optional<SuppliedMemory::Arrival> SuppliedMemory::begin_placing(FillId fill, std::vector<Errand>& begins) {
  const MutexLock lock(mutex_);
  under_way_.erase(fill);
  std::optional<uint64_t> unit;
  if (window_ != nullptr) unit = units_.begin_placing(fill);
  if (!unit) {
    poke();
    return std::nullopt;
  }
  // vmo-supply passes their deadlines: it is poked when this unit is in place.
  begins = give_orders(units_.take_orders(Clock::now()));
  send();
  return Arrival{fill, *unit, units_.is_waited_for(*unit), window_};
}

bool SuppliedMemory::place(const Arrival& arrival, const void* bytes, uint64_t byte_length) {
  const bool is_whole = byte_length == options_.grid.length_of(arrival.unit);
  const Status placed = is_whole ? arrival.window->place(options_.grid.offset_of(arrival.unit), bytes, byte_length)
                                 : Status(Code::kSupply, "the supplier brought another number of bytes");
  const MutexLock lock(mutex_);
  if (placed.is_ok()) {
    units_.finish(arrival.fill, Clock::now());
  } else {
    units_.fail(arrival.fill, placed);
  }
  send();
  poke();
  return placed.is_ok();
}

void SuppliedMemory::fail(FillId fill, const Status& why) {
  const MutexLock lock(mutex_);
  under_way_.erase(fill);
  units_.fail(fill, why);
  send();
  poke();
}

bool SuppliedMemory::extend(FillId fill) {
  const MutexLock lock(mutex_);
  return units_.extend(fill, Clock::now());
}

Status SuppliedMemory::put(PageRange units, const void* bytes) {
  const char* from = static_cast<const char*>(bytes);
  for (uint64_t unit = units.first; unit < units.end(); ++unit) {
    Status status = put_unit(unit, from);
    if (!status.is_ok()) return status;
    from += options_.grid.length_of(unit);
  }
  return Status();
}

Status SuppliedMemory::put_unit(uint64_t unit, const char* bytes) {
  std::shared_ptr<SupplyWindow> window;
  {
    const MutexLock lock(mutex_);
    window = window_;
    if (window == nullptr || !units_.begin_put(unit)) return Status();
  }
  Status status = window->place(options_.grid.offset_of(unit), bytes, options_.grid.length_of(unit));
  const MutexLock lock(mutex_);
  if (status.is_ok()) {
    units_.finish_put(unit, Clock::now());
  } else {
    units_.give_up_put(unit);
  }
  send();
  poke();
  return status;
}

void SuppliedMemory::evict(PageRange units) {
  const MutexLock lock(mutex_);
  units_.evict(units);
  poke();
}

void SuppliedMemory::retry(PageRange units) {
  const MutexLock lock(mutex_);
  refusal_ = Status();
  units_.retry(units);
  poke();
}

SupplyStats SuppliedMemory::stats() const {
  const MutexLock lock(mutex_);
  return units_.stats();
}

bool SuppliedMemory::close() {
  std::vector<Errand> stops;
  std::map<LineId, Claimer> claimers;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(is_closed_, true)) return false;
    for (const auto& [id, claimer] : claimers_) units_.remove_line(id);
    claimers.swap(claimers_);
    window_.reset();
    object_.reset();
    supplier_.reset();
    for (const auto& [fill, supplier] : under_way_) stops.push_back({supplier.lock(), {fill}});
    under_way_.clear();
    waiting_.clear();
  }
  for (const auto& [id, claimer] : claimers) claimer.line->hang_up();
  loop_.post([self = shared_from_this(), stops = std::move(stops)] {
    self->loop_.cancel_call(std::exchange(self->timer_, 0));
    const MutexLock giving(self->giving_mutex_);
    for (const Errand& stop : stops) {
      if (stop.supplier != nullptr) stop.supplier->stop(stop.order.id);
    }
  });
  return true;
}

void SuppliedMemory::poke() {
  if (is_closed_ || std::exchange(is_poked_, true)) return;
  loop_.post([self = shared_from_this()] { self->run(); });
}

// Under the lock, so that a line hears things in the order in which they were decided.
void SuppliedMemory::send() {
  for (const SuppliedUnits::Outgoing& outgoing : units_.take_messages()) {
    const auto claimer = claimers_.find(outgoing.to);
    if (claimer == claimers_.end()) continue;
    claimer->second.line->send(outgoing.message);
    if (claimer->second.line->kept_count() <= kMostKept) continue;
    claimer->second.line->hang_up();
    claimers_.erase(claimer);
    units_.remove_line(outgoing.to);
    poke();
  }
}

void SuppliedMemory::run() {
  for (;;) {
    Turn turn;
    {
      const MutexLock giving(giving_mutex_);
      turn = next_turn();
      for (const Errand& stop : turn.stops) stop.supplier->stop(stop.order.id);
      begin(turn.begins);
    }
    for (const uint64_t unit : turn.work.drops) {
      // Where that fails the pages stay, and are overwritten when the unit is filled again: nobody maps them now.
      [[maybe_unused]] const Status dropped =
          turn.window->drop(options_.grid.offset_of(unit), options_.grid.length_of(unit));
      const MutexLock lock(mutex_);
      units_.dropped(unit);
    }
    if (turn.work.is_empty() && turn.begins.empty()) break;
  }
  set_timer();
}

void SuppliedMemory::begin(const std::vector<Errand>& begins) {
  for (const auto& [supplier, order] : begins) {
    supplier->begin(order, options_.grid.offset_of(order.unit), options_.grid.length_of(order.unit));
  }
}

SuppliedMemory::Turn SuppliedMemory::next_turn() {
  const MutexLock lock(mutex_);
  is_poked_ = false;
  Turn turn;
  if (is_closed_) return turn;
  turn.window = window_;
  turn.work = units_.take_work(Clock::now());
  for (const FillId fill : turn.work.stops) {
    const auto given = under_way_.find(fill);
    if (given == under_way_.end()) {
      units_.fail(fill, Status(Code::kSupply, "nobody asks for it any more"));  // it still waits for a supplier
      continue;
    }
    if (auto supplier = given->second.lock()) turn.stops.push_back({std::move(supplier), {fill}});
    if (!units_.is_under_way(fill)) under_way_.erase(given);
  }
  turn.begins = give_orders(turn.work.orders);
  send();
  return turn;
}

// Those that there is no supplier for wait for one, within their time.
std::vector<SuppliedMemory::Errand> SuppliedMemory::give_orders(const std::vector<FillOrder>& orders) {
  std::vector<Errand> begins;
  waiting_.insert(waiting_.end(), orders.begin(), orders.end());
  if (supplier_ == nullptr && refusal_.is_ok()) return begins;
  for (const FillOrder& order : std::exchange(waiting_, {})) {
    if (!units_.is_under_way(order.id)) continue;
    if (supplier_ == nullptr) {
      units_.fail(order.id, refusal_);
      continue;
    }
    under_way_[order.id] = supplier_;
    begins.push_back({supplier_, order});
  }
  return begins;
}

void SuppliedMemory::set_timer() {
  std::optional<SuppliedUnits::Time> next;
  {
    const MutexLock lock(mutex_);
    if (!is_closed_) next = units_.next_time();
  }
  loop_.cancel_call(std::exchange(timer_, 0));
  if (!next) return;
  timer_ = loop_.call_at(*next, [weak = weak_from_this()] {
    if (const std::shared_ptr<SuppliedMemory> self = weak.lock()) self->on_timer();
  });
}

void SuppliedMemory::on_timer() {
  timer_ = 0;
  {
    const MutexLock lock(mutex_);
    units_.on_time(Clock::now());
    send();
  }
  run();
}

}  // namespace vmoffer
