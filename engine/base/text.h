// text: takes the kernel's text files apart. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vmoffer {

// Takes the first line off, without its end; nothing when the text is used up.
std::optional<std::string_view> take_line(std::string_view& text);
// Takes the decimal number off with which the text begins, after any blanks. Nothing, and nothing is taken, where there
// is none, or one that is too large.
std::optional<uint64_t> take_number(std::string_view& text);
// What follows `start` in the first line that begins with it.
std::optional<std::string_view> find_line(std::string_view text, std::string_view start);

// /proc/…/stat from a field on, counted as in proc(5); empty where it is not so long. REQUIRES: field > 2. The second
// one is a name, which may itself hold spaces and parentheses.
std::string_view from_field_of_stat(std::string_view stat, int field);

}  // namespace vmoffer
