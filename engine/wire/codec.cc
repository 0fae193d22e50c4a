#include "engine/wire/codec.h"

#include <algorithm>
#include <string>

namespace vmoffer::wire {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kMaxMessageText = 400;

// How many bytes of UTF-8 text fit without cutting a character in two.
size_t whole_characters(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text.size();
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xc0) == 0x80) --limit;
  return limit;
}

class Writer {
 public:
  template <typename T>
  void put(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void put_text(const std::string& text) {
    const size_t length = whole_characters(text, kMaxMessageText);
    put(static_cast<uint16_t>(length));
    bytes_.insert(bytes_.end(), text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
  }
  void put_cells(const std::vector<uint8_t>& cells) {
    put(static_cast<uint8_t>(cells.size()));
    bytes_.insert(bytes_.end(), cells.begin(), cells.end());
  }
  std::vector<uint8_t> finish(Type type) {
    Writer whole;
    whole.put(kMagic);
    whole.put(kVersion);
    whole.put(static_cast<uint16_t>(type));
    whole.put(static_cast<uint32_t>(bytes_.size()));
    whole.bytes_.insert(whole.bytes_.end(), bytes_.begin(), bytes_.end());
    return std::move(whole.bytes_);
  }

 private:
  std::vector<uint8_t> bytes_;
};

// A read past the end gives zero and is remembered, so that a caller reads everything first and asks once, at the end.
class Reader {
 public:
  Reader(const uint8_t* at, size_t left) : at_(at), left_(left) {}

  template <typename T>
  T get() {
    T value = 0;
    if (!has(sizeof(T))) return value;
    for (size_t i = 0; i < sizeof(T); ++i) value |= static_cast<T>(static_cast<T>(at_[i]) << (8 * i));
    skip(sizeof(T));
    return value;
  }
  std::string get_text() {
    const size_t length = get<uint16_t>();
    if (length > kMaxMessageText || !has(length)) {
      is_whole_ = false;
      return "";
    }
    std::string text(at_, at_ + length);
    skip(length);
    return text;
  }
  std::vector<uint8_t> get_cells() {
    const size_t count = get<uint8_t>();
    if (count > kMaxCells || !has(count)) {
      is_whole_ = false;
      return {};
    }
    std::vector<uint8_t> cells(at_, at_ + count);
    skip(count);
    return cells;
  }
  // Reads an enumeration whose values are 0 to `last`.
  template <typename Kind>
  Kind get_kind(uint8_t last) {
    const auto number = get<uint8_t>();
    if (number > last) is_whole_ = false;
    return static_cast<Kind>(number);
  }
  void fail() { is_whole_ = false; }
  bool ends_here() const { return is_whole_ && left_ == 0; }
  size_t left() const { return left_; }

 private:
  bool has(size_t count) {
    if (left_ < count) is_whole_ = false;
    return left_ >= count;
  }
  void skip(size_t count) {
    at_ += count;
    left_ -= count;
  }

  const uint8_t* at_;
  size_t left_;
  bool is_whole_ = true;
};

// The counts of a line, in the order of FORMAT.md.
template <typename Line, typename Visit>
void each_count(Line& line, Visit visit) {
  for (const PagingCounter& counter : kPagingCounters) visit(line.counts.*counter.count);
  visit(line.fault_ns_p50);
  visit(line.fault_ns_p99);
  visit(line.residency.resident_pages);
  visit(line.residency.pages_looked_at);
}

struct Encoder {
  Writer out;

  Type operator()(const Claim& m) {
    out.put(m.address);
    out.put(static_cast<uint8_t>(m.transfer));
    return Type::kClaim;
  }
  Type operator()(const Terms& m) {
    out.put(m.offer_id);
    out.put(m.address);
    out.put(m.byte_length);
    out.put(m.object_offset);
    out.put(m.flags);
    return Type::kTerms;
  }
  Type operator()(const Mapped& m) {
    out.put(m.offer_id);
    return Type::kMapped;
  }
  Type operator()(const Declined& m) {
    out.put(m.offer_id);
    return Type::kDeclined;
  }
  Type operator()(const Done& m) {
    out.put(m.offer_id);
    return Type::kDone;
  }
  Type operator()(const Refused& m) {
    put_reason(m.code, m.message);
    return Type::kRefused;
  }
  Type operator()(const List& m) {
    out.put(static_cast<uint8_t>(m.follow));
    return Type::kList;
  }
  Type operator()(const Offers& m) {
    out.put(static_cast<uint32_t>(m.lines.size()));
    for (const OfferLine& line : m.lines) put_line(line);
    return Type::kOffers;
  }
  Type operator()(const EndOfList&) { return Type::kEndOfList; }
  Type operator()(const Lease&) { return Type::kLease; }
  Type operator()(const Inspect&) { return Type::kInspect; }
  Type operator()(const Held& m) {
    out.put(static_cast<uint32_t>(m.lines.size()));
    for (const HeldLine& line : m.lines) put_held(line);
    return Type::kHeld;
  }
  Type operator()(const Supply& m) {
    out.put(m.unit_bytes);
    out.put(m.timeout_ms);
    return Type::kSupply;
  }
  Type operator()(const Ask& m) {
    put_units(m.units);
    out.put(static_cast<uint8_t>(m.is_waited_for));
    return Type::kAsk;
  }
  Type operator()(const Cancel& m) {
    put_units(m.units);
    return Type::kCancel;
  }
  Type operator()(const Ready& m) {
    put_units(m.units);
    return Type::kReady;
  }
  Type operator()(const Failed& m) {
    put_units(m.units);
    put_reason(m.code, m.message);
    return Type::kFailed;
  }
  Type operator()(const Progress&) { return Type::kProgress; }
  Type operator()(const Recall& m) {
    out.put(m.number);
    put_units(m.units);
    return Type::kRecall;
  }
  Type operator()(const Given& m) {
    out.put(m.number);
    return Type::kGiven;
  }
  Type operator()(const Kept& m) {
    out.put(m.number);
    return Type::kKept;
  }

  void put_reason(Code code, const std::string& message) {
    out.put(static_cast<uint16_t>(code));
    out.put_text(message);
  }
  void put_units(const UnitRange& units) {
    out.put(units.byte_offset);
    out.put(units.byte_length);
  }

  void put_line(const OfferLine& line) {
    out.put(line.offer_id);
    out.put(line.address);
    out.put(line.byte_length);
    out.put(line.flags);
  }
  void put_held(const HeldLine& line) {
    out.put(line.number);
    out.put(line.address);
    out.put(line.byte_length);
    out.put(line.source_pid);
    out.put(line.flags);
    out.put(static_cast<uint8_t>(line.transfer));
    out.put(static_cast<uint8_t>(line.paging));
    each_count(line, [this](uint64_t count) { out.put(count); });
    out.put_cells(line.residency.cells);
  }
};

constexpr auto kLastTransfer = static_cast<uint8_t>(Transfer::kPull);

Claim read_claim(Reader& in) {
  Claim m;
  m.address = in.get<uint64_t>();
  m.transfer = in.get_kind<Transfer>(kLastTransfer);
  return m;
}

Terms read_terms(Reader& in) {
  Terms m;
  m.offer_id = in.get<uint64_t>();
  m.address = in.get<uint64_t>();
  m.byte_length = in.get<uint64_t>();
  m.object_offset = in.get<uint64_t>();
  m.flags = in.get<uint32_t>();
  return m;
}

Refused read_refused(Reader& in) {
  const auto code = in.get<uint16_t>();
  // A refusal with a code that this version does not know is still a refusal.
  const bool is_known = code > 0 && code <= kLastCode;
  return Refused{is_known ? static_cast<Code>(code) : Code::kProtocol, in.get_text()};
}

OfferLine read_line(Reader& in) {
  OfferLine line;
  line.offer_id = in.get<uint64_t>();
  line.address = in.get<uint64_t>();
  line.byte_length = in.get<uint64_t>();
  line.flags = in.get<uint32_t>();
  return line;
}

Offers read_offers(Reader& in) {
  Offers m;
  const auto count = in.get<uint32_t>();
  if (count > kMaxOffersPerPacket) in.fail();
  for (uint32_t i = 0; i < std::min(count, kMaxOffersPerPacket); ++i) m.lines.push_back(read_line(in));
  return m;
}

HeldLine read_held_line(Reader& in) {
  HeldLine line;
  line.number = in.get<uint64_t>();
  line.address = in.get<uint64_t>();
  line.byte_length = in.get<uint64_t>();
  line.source_pid = in.get<uint32_t>();
  line.flags = in.get<uint32_t>();
  line.transfer = in.get_kind<Transfer>(kLastTransfer);
  line.paging = in.get_kind<Paging>(kLastPaging);
  each_count(line, [&in](uint64_t& count) { count = in.get<uint64_t>(); });
  line.residency.cells = in.get_cells();
  return line;
}

Held read_held(Reader& in) {
  Held m;
  const auto count = in.get<uint32_t>();
  if (count > kMaxHeldPerPacket) in.fail();
  for (uint32_t i = 0; i < std::min(count, kMaxHeldPerPacket); ++i) m.lines.push_back(read_held_line(in));
  return m;
}

UnitRange read_units(Reader& in) {
  const auto byte_offset = in.get<uint64_t>();
  return UnitRange{byte_offset, in.get<uint64_t>()};
}

Supply read_supply(Reader& in) {
  const auto unit_bytes = in.get<uint32_t>();
  return Supply{unit_bytes, in.get<uint32_t>()};
}

Ask read_ask(Reader& in) {
  const UnitRange units = read_units(in);
  return Ask{units, in.get<uint8_t>() != 0};
}

Failed read_failed(Reader& in) {
  const UnitRange units = read_units(in);
  const Refused reason = read_refused(in);
  return Failed{units, reason.code, reason.message};
}

Recall read_recall(Reader& in) {
  const auto number = in.get<uint64_t>();
  return Recall{number, read_units(in)};
}

Status bad(const std::string& why) { return Status(Code::kProtocol, "the peer sent a malformed message: " + why); }

Result<Message> read_body(Type type, Reader& in) {
  switch (type) {
    case Type::kClaim:
      return Message(read_claim(in));
    case Type::kTerms:
      return Message(read_terms(in));
    case Type::kMapped:
      return Message(Mapped{in.get<uint64_t>()});
    case Type::kDeclined:
      return Message(Declined{in.get<uint64_t>()});
    case Type::kDone:
      return Message(Done{in.get<uint64_t>()});
    case Type::kRefused:
      return Message(read_refused(in));
    case Type::kList:
      return Message(List{in.get<uint8_t>() != 0});
    case Type::kOffers:
      return Message(read_offers(in));
    case Type::kEndOfList:
      return Message(EndOfList{});
    case Type::kLease:
      return Message(Lease{});
    case Type::kInspect:
      return Message(Inspect{});
    case Type::kHeld:
      return Message(read_held(in));
    case Type::kSupply:
      return Message(read_supply(in));
    case Type::kAsk:
      return Message(read_ask(in));
    case Type::kCancel:
      return Message(Cancel{read_units(in)});
    case Type::kReady:
      return Message(Ready{read_units(in)});
    case Type::kFailed:
      return Message(read_failed(in));
    case Type::kProgress:
      return Message(Progress{});
    case Type::kRecall:
      return Message(read_recall(in));
    case Type::kGiven:
      return Message(Given{in.get<uint64_t>()});
    case Type::kKept:
      return Message(Kept{in.get<uint64_t>()});
  }
  return bad("unknown type " + std::to_string(static_cast<unsigned>(type)));
}

}  // namespace

std::vector<uint8_t> encode(const Message& message) {
  Encoder encoder;
  const Type type = std::visit(encoder, message);
  return encoder.out.finish(type);
}

Result<Message> decode(const std::vector<uint8_t>& bytes) {
  Reader in(bytes.data(), bytes.size());
  if (in.get<uint32_t>() != kMagic) return bad("it does not begin with the magic number");
  const auto version = in.get<uint16_t>();
  const auto type = static_cast<Type>(in.get<uint16_t>());
  const auto body_bytes = in.get<uint32_t>();
  if (bytes.size() < kHeaderBytes) return bad("it is shorter than a header");
  if (version != kVersion) {
    return bad("it speaks version " + std::to_string(version) + " of the protocol, this process speaks version " +
               std::to_string(kVersion) + "; use the same release of vmoffer on both sides");
  }
  if (body_bytes != in.left()) return bad("its length does not match its header");
  Result<Message> message = read_body(type, in);
  if (message.is_ok() && !in.ends_here()) return bad("its body has the wrong length");
  return message;
}

}  // namespace vmoffer::wire
