#include "engine/sys/userfault_lack.h"

#include <cerrno>

namespace vmoffer {
namespace {

// Faults in user mode alone exist since Linux 5.11, minor faults on shared memory since 5.14.
bool lacks_features(const UserfaultAnswers& answers) {
  if (answers.features) return (*answers.features & answers.needed) != answers.needed;
  return answers.refusal_in_user_mode == EINVAL;
}

}  // namespace

UserfaultLack what_userfault_lacks(const UserfaultAnswers& answers) {
  if (answers.refusal == ENOSYS) return UserfaultLack::kSystemCall;
  if (answers.refusal == EMFILE || answers.refusal == ENFILE) return UserfaultLack::kDescriptors;
  if (!answers.wants_kernel_faults && answers.refusal == EINVAL) return UserfaultLack::kUserModeFaults;
  if (lacks_features(answers)) return UserfaultLack::kFeatures;
  if (answers.refusal == 0) return UserfaultLack::kNothing;
  // The kernel itself grants faults in user mode to every process: only a filter refuses them.
  const bool is_forbidden_at_all = !answers.wants_kernel_faults || answers.refusal_in_user_mode == answers.refusal;
  return is_forbidden_at_all ? UserfaultLack::kForbidden : UserfaultLack::kRights;
}

}  // namespace vmoffer
