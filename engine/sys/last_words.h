// last_words: a line on stderr for the user of a process that may be about to end. Any thread.
#pragma once

#include <string>

namespace vmoffer {

// Adds the line break. Characters that could steer a terminal become spaces: the text may be a stranger's. Never waits:
// where nobody reads a full pipe, the line is lost.
void say_on_stderr(std::string line);

}  // namespace vmoffer
