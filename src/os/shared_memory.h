// Shared memory of the old kind (System V): it stays when those who used it were killed.
#pragma once

namespace devtask {

// Removes the segment if it has this key and nobody uses it.
void remove_unused_segment(unsigned key, int id);

}  // namespace devtask
