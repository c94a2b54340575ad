// Shared memory of the old kind (System V): it stays when those who used it were killed.
#pragma once

namespace devtask {

// Removes the segment with this number if it has this key: at once, or when the last one who uses it has
// ended.
void remove_segment(unsigned key, int id);

}  // namespace devtask
