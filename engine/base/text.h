// text: parses the kernel's text files. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vmoffer {

// Takes the first line off and returns it without its line break; nothing once the text is used up.
std::optional<std::string_view> take_line(std::string_view& text);
// Takes off the decimal number with which the text begins, after any blanks. If there is none, or it is too large,
// returns nothing and takes nothing.
std::optional<uint64_t> take_number(std::string_view& text);
// The rest of the first line that begins with `start`.
std::optional<std::string_view> find_line(std::string_view text, std::string_view start);

// /proc/…/stat from field number `field` on, counted as in proc(5); empty if there are not so many. REQUIRES: field
// > 2. The second field is a name, which may itself hold spaces and parentheses.
std::string_view from_field_of_stat(std::string_view stat, int field);

}  // namespace vmoffer
