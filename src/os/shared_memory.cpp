#include "os/shared_memory.h"

#include <sys/ipc.h>
#include <sys/shm.h>

namespace devtask {

void remove_segment(unsigned key, int id) {
  shmid_ds segment{};
  if (::shmctl(id, IPC_STAT, &segment) != 0) return;
  if (static_cast<unsigned>(segment.shm_perm.__key) != key) return;
  ::shmctl(id, IPC_RMID, nullptr);
}

}  // namespace devtask
