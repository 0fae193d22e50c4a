#include "engine/base/text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace vmoffer {

std::optional<std::string_view> take_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

std::optional<uint64_t> take_number(std::string_view& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  const char* const end = text.data() + text.size();
  uint64_t number = 0;
  const auto [behind, error] = std::from_chars(text.data() + first, end, number);
  if (error != std::errc()) return std::nullopt;
  text = std::string_view(behind, static_cast<size_t>(end - behind));
  return number;
}

std::optional<std::string_view> find_line(std::string_view text, std::string_view start) {
  while (const std::optional<std::string_view> line = take_line(text)) {
    if (line->substr(0, start.size()) == start) return line->substr(start.size());
  }
  return std::nullopt;
}

std::string_view from_field_of_stat(std::string_view stat, int field) {
  size_t at = stat.rfind(')');
  for (int i = 2; at != std::string_view::npos && i < field; ++i) at = stat.find(' ', at + 1);
  return at == std::string_view::npos ? std::string_view() : stat.substr(at + 1);
}

}  // namespace vmoffer
